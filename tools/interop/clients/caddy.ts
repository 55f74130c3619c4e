import { join } from 'node:path';
import { run } from '../../kit/command.js';
import type { RunningProcess } from '../../kit/process.js';
import { until } from '../../kit/until.js';
import type { Client, Obtained } from '../client.js';
import type { World } from '../world.js';

/** Milliseconds that Caddy may take to obtain a certificate in the background. */
const OBTAIN_LIMIT = 120_000;
/** The fraction of its lifetime before expiry at which a certificate is renewed: here half a second after its issuance. */
const RENEW_AT_ONCE = 0.9999999;

/** Caddy from Debian; only unpacked, because the package would use ports 80 and 443. */
export const caddy: Client = {
  name: 'caddy',
  async install(tools) {
    const program = await tools.aptUnpacked('caddy', 'usr/bin/caddy');
    return { version: (await run(program, ['version'])).trim(), open: async (world) => open(program, world) };
  },
};

/** The current Caddy, a Go program. */
export const CADDY = { package: 'github.com/caddyserver/caddy/v2/cmd/caddy', version: 'v2.11.9' };

export const caddyNewest: Client = {
  name: 'caddy-newest',
  slow: true,
  async install(tools) {
    const program = await tools.go(CADDY.package, CADDY.version, 'caddy');
    return { version: CADDY.version.slice(1), open: async (world) => open(program, world) };
  },
};

/** Caddy comes without a module for dns-01, and has no command to revoke. */
function open(program: string, world: World) {
  const { authority, folder, httpPort, tlsPort } = world;
  const sites: string[] = [];
  let server: RunningProcess | null = null;
  const admin = `unix/${join(folder, 'admin.sock')}`;

  // The issuer is set per site: for names like these, Caddy 2.11 prefers its own local CA to a global issuer.
  /** Configures a site whose name is proven by the one remaining challenge, and has Caddy serve it. */
  const serve = async (name: string, otherChallenge: 'http' | 'tlsalpn') => {
    sites.push(`${name} {
  tls {
    issuer acme {
      dir ${authority.directoryUrl}
      trusted_roots ${authority.serverRoot}
      disable_${otherChallenge}_challenge
    }
  }
  respond "hello"
}
`);
    const config = await world.file(
      'Caddyfile',
      `{
  admin ${admin}
  http_port ${httpPort}
  https_port ${tlsPort}
  storage file_system storage
  email admin@caddy.internal
}
${sites.join('')}`,
    );
    if (server) await world.run(program, ['reload', '--config', config, '--address', admin]);
    else server = world.start(program, ['run', '--config', config]);
  };

  const stored = async (name: string): Promise<Obtained> => {
    // The storage has a folder per directory URL.
    const files = `storage/certificates/${storageKey(authority.directoryUrl)}/${name}/${name}`;
    const [chain, key] = [await world.read(`${files}.crt`), await world.read(`${files}.key`)];
    return { name, chain, key, port: tlsPort };
  };
  const web = world.name('web');
  return {
    obtain: {
      async 'http-01'() {
        await serve(web, 'tlsalpn');
        return until(OBTAIN_LIMIT, () => stored(web));
      },
      async 'tls-alpn-01'() {
        const name = world.name('alpn');
        await serve(name, 'http');
        return until(OBTAIN_LIMIT, () => stored(name));
      },
    },
    // Simulates the end of its lifetime: after a restart Caddy finds it due and renews it in the background.
    async renew() {
      const before = await stored(web);
      const config = JSON.parse(await world.run(program, ['adapt', '--config', 'Caddyfile']));
      for (const policy of config.apps.tls.automation.policies) policy.renewal_window_ratio = RENEW_AT_ONCE;
      const file = await world.file('renewing.json', JSON.stringify(config));
      await server?.stop();
      server = world.start(program, ['run', '--config', file]);
      return until(OBTAIN_LIMIT, async () => {
        const after = await stored(web);
        if (after.chain === before.chain) throw new Error('Caddy has not renewed it');
        return after;
      });
    },
    async close() {
      await server?.stop();
    },
  };
}

/** Caddy's folder name of an issuer: host and path of its directory, with `-` for every character that is no letter or digit. */
function storageKey(directoryUrl: string): string {
  const { host, pathname } = new URL(directoryUrl);
  return `${host}${pathname}`.replaceAll(/[:/]/g, '-');
}
