import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotInstallable } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';
import type { Client, Obtained } from '../client.js';
import type { World } from '../world.js';

/** npm's acme-client, in the small program of `interop/acme-client`. */
export const acmeClient: Client = {
  name: 'acme-client',
  async install() {
    const manifest = await readFile(join(CHECKOUT, 'node_modules/acme-client/package.json'), 'utf8').catch(
      () => {
        throw new NotInstallable('the development dependencies are not installed');
      },
    );
    return { version: JSON.parse(manifest).version, open: async (world) => open(world) };
  },
};

function open(world: World) {
  const { authority, dns, httpPort, tlsPort } = world;
  const program = join(import.meta.dirname, '../acme-client/main.js');
  const acmeClient = (task: string, ...args: string[]) =>
    world.run(process.execPath, [program, task, '--directory', authority.directoryUrl, ...args]);
  const obtain = async (challenge: string, names: string[], ...how: string[]): Promise<Obtained> => {
    const [name = ''] = names;
    await acmeClient('obtain', '--challenge', challenge, ...how, '--names', names.join(','), '--out', name);
    return { name, chain: await world.read(`${name}.crt`), key: await world.read(`${name}.key`) };
  };
  const web = world.name('web');
  const byHttp = () => obtain('http-01', [web], '--port', String(httpPort));
  return {
    obtain: {
      'http-01': byHttp,
      'dns-01': () => obtain('dns-01', [world.name('dns')], '--control', dns.control),
      async wildcard() {
        const base = world.name('wild');
        const obtained = await obtain('dns-01', [base, `*.${base}`], '--control', dns.control);
        return { ...obtained, name: `any.${base}` };
      },
      'tls-alpn-01': () => obtain('tls-alpn-01', [world.name('alpn')], '--port', String(tlsPort)),
    },
    // The library leaves renewal to its callers: a new order of the same account.
    renew: byHttp,
    async revoke() {
      await acmeClient('revoke', '--out', web);
    },
  };
}
