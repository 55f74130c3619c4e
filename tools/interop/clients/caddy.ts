import { join } from 'node:path';
import { type Background, run } from '../../kit/command.js';
import { until } from '../../kit/until.js';
import type { Client, Obtained } from '../client.js';
import type { World } from '../world.js';

/** Caddy obtains in the background; it may take this long. */
const OBTAIN_LIMIT = 30_000;
/** So large a part of its life before its end is a certificate to be renewed: half a second after its issuance. */
const RENEW_AT_ONCE = 0.9999999;

/** Caddy, as Debian has it; unpacked only, because its package would take ports 80 and 443. */
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

/** No module for dns-01 comes with Caddy, nor can it be told to revoke. */
function open(program: string, world: World) {
  const { authority, folder, httpPort, tlsPort } = world;
  const sites: string[] = [];
  let server: Background | null = null;
  const admin = `unix/${join(folder, 'admin.sock')}`;

  // The issuer is the site's: for a name like these, Caddy 2.11 believes its own local authority before a global one.
  /** Makes a site whose name is proved by the one challenge that is left, and has Caddy serve it. */
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
    // Storage has a folder for each directory URL.
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
    // As at the end of its life: started again, Caddy finds it due and renews it in the background.
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

/** How Caddy names the folder of an issuer: host and path of its directory, with `-` for what is no letter or digit. */
function storageKey(directoryUrl: string): string {
  const { host, pathname } = new URL(directoryUrl);
  return `${host}${pathname}`.replaceAll(/[:/]/g, '-');
}
