import type { authorityTasks } from '../../channel/tasks/authorities.js';
import type { Handlers } from '../../channel/tasks/index.js';
import { describeSet, troublesOf } from '../authorities/status.js';
import { type CaServices, pingStore } from './context.js';

/** Tasks about the CA's roots and issuers. */
export function authorityHandlers({
  certifier,
  succeedAt,
  behind,
}: CaServices): Handlers<typeof authorityTasks> {
  const { set, store, clock } = certifier;
  return {
    get_health: async () => {
      await pingStore(store);
      return { time: clock(), troubles: troublesOf(set, clock()) };
    },
    get_authorities: async () => {
      const views = await describeSet({
        ...{ set: await set.fresh(), store, succeedAt, now: clock() },
        profiles: certifier.profiles.values(),
      });
      const lacks = behind();
      // The warning about lost data is attached to the issuer in use.
      const authorities = views.map((view) =>
        lacks === null || view.id !== set.newest?.id
          ? view
          : { ...view, warning: [view.warning, lacks].filter(Boolean).join('; ') },
      );
      return { authorities };
    },
  };
}
