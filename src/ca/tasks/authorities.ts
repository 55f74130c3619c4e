import type { authorityTasks } from '../../channel/tasks/authorities.js';
import type { Handlers } from '../../channel/tasks/index.js';
import { describeSet, troublesOf } from '../authorities/status.js';
import { type CaServices, pingStore } from './context.js';

/** Tasks about the CA's roots and issuers. */
export function authorityHandlers({ authority, succeedAt }: CaServices): Handlers<typeof authorityTasks> {
  const { set, store, clock } = authority;
  return {
    get_health: async () => {
      await pingStore(store);
      return { time: clock(), troubles: troublesOf(set, clock()) };
    },
    get_authorities: async () => ({
      authorities: await describeSet({
        ...{ set: await set.fresh(), store, succeedAt, now: clock() },
        profiles: authority.profiles.values(),
      }),
    }),
  };
}
