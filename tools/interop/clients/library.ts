import type { Obtained, Session } from '../client.js';
import { execHook, type World } from '../world.js';

/** Runs a library's small program; its arguments are an action (`obtain`, `revoke`) and the action's arguments. */
type Run = (act: string, ...args: string[]) => Promise<unknown>;

/**
 * A library driven through a program of this checkout: `obtain CHALLENGE HELPER OUT NAME…`, where HELPER is the port of
 * http-01 or the hook of dns-01, and `revoke OUT`. Libraries leave renewal to their callers: a new order of the account.
 */
export async function librarySession(world: World, run: Run): Promise<Session> {
  const hook = await execHook(world);
  const obtain = async (challenge: string, helper: string, ...names: string[]): Promise<Obtained> => {
    const [name = ''] = names;
    await run('obtain', challenge, helper, name, ...names);
    return { name, chain: await world.read(`${name}.crt`), key: await world.read(`${name}.key`) };
  };
  const web = world.name('web');
  const byHttp = () => obtain('http-01', String(world.httpPort), web);
  return {
    obtain: {
      'http-01': byHttp,
      'dns-01': () => obtain('dns-01', hook, world.name('dns')),
      async wildcard() {
        const base = world.name('wild');
        const obtained = await obtain('dns-01', hook, base, `*.${base}`);
        return { ...obtained, name: `any.${base}` };
      },
    },
    renew: byHttp,
    async revoke() {
      await run('revoke', web);
    },
  };
}
