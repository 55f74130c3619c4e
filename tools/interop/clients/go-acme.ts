import { join } from 'node:path';
import type { RunningProcess } from '../../kit/process.js';
import type { Tools } from '../../kit/tools.js';
import { until } from '../../kit/until.js';
import { CHECKOUT } from '../../kit/upki.js';
import type { Client, Obtained } from '../client.js';
import { visit } from '../visit.js';
import { execHook, type World } from '../world.js';

/** Milliseconds that autocert may take to serve a certificate after a visitor's first request. */
const AUTOCERT_LIMIT = 30_000;

/** Go's golang.org/x/crypto/acme, in the small program of `interop/go-acme`. */
export const goAcme: Client = {
  name: 'go-acme',
  async install(tools) {
    const { program, version } = await build(tools);
    return { version, open: (world) => openAcme(program, world) };
  },
};

/**
 * autocert of the same package, as built into Go servers: it prefers tls-alpn-01. It renews certificates at the earliest 30 days
 * before they expire, and never revokes.
 */
export const goAutocert: Client = {
  name: 'go-autocert',
  async install(tools) {
    const { program, version } = await build(tools);
    return { version, open: async (world) => openAutocert(program, world) };
  },
};

async function build(tools: Tools) {
  const folder = join(CHECKOUT, 'tools/interop/go-acme');
  return {
    program: await tools.goBuild(folder, 'go-acme'),
    version: await tools.goVersion(folder, 'golang.org/x/crypto'),
  };
}

async function openAcme(program: string, world: World) {
  const { authority, httpPort, tlsPort } = world;
  const hook = await execHook(world);
  const account = ['-directory', authority.directoryUrl, '-account', 'account.key'];
  const obtain = async (challenge: string, names: string[], ...how: string[]): Promise<Obtained> => {
    const [name = ''] = names;
    const what = ['-names', names.join(','), '-out', name];
    await world.run(program, ['obtain', ...account, '-challenge', challenge, ...how, ...what]);
    return { name, chain: await world.read(`${name}.crt`), key: await world.read(`${name}.key`) };
  };
  const web = world.name('web');
  const byHttp = () => obtain('http-01', [web], '-listen', `127.0.0.1:${httpPort}`);
  return {
    obtain: {
      'http-01': byHttp,
      'dns-01': () => obtain('dns-01', [world.name('dns')], '-hook', hook),
      async wildcard() {
        const base = world.name('wild');
        const obtained = await obtain('dns-01', [base, `*.${base}`], '-hook', hook);
        return { ...obtained, name: `any.${base}` };
      },
      'tls-alpn-01': () => obtain('tls-alpn-01', [world.name('alpn')], '-listen', `127.0.0.1:${tlsPort}`),
    },
    // The package leaves renewal to its callers: a new order of the same account.
    renew: byHttp,
    async revoke() {
      await world.run(program, ['revoke', ...account, '-out', web]);
    },
  };
}

function openAutocert(program: string, world: World) {
  const { authority, tlsPort } = world;
  let server: RunningProcess | null = null;
  return {
    obtain: {
      async 'tls-alpn-01'() {
        const name = world.name('alpn');
        server = world.start(program, [
          ...['serve', '-directory', authority.directoryUrl, '-names', name],
          ...['-listen', `127.0.0.1:${tlsPort}`, '-out', 'autocert'],
        ]);
        await until(AUTOCERT_LIMIT, () => visit(world, name, tlsPort));
        const kept = await world.read(`autocert/${name}`);
        const chain = kept.slice(kept.indexOf('-----BEGIN CERTIFICATE'));
        return { name, chain, key: kept, port: tlsPort };
      },
    },
    async close() {
      await server?.stop();
    },
  };
}
