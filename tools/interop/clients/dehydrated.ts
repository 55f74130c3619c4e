import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { serveAlpn } from '../../kit/alpn-server.js';
import { run } from '../../kit/command.js';
import { serveWebRoot } from '../../kit/web-root.js';
import type { Client, Obtained } from '../client.js';
import { clearTxt, setTxt, type World } from '../world.js';

/** dehydrated, from Debian: bash, curl and openssl. */
export const dehydrated: Client = {
  name: 'dehydrated',
  async install(tools) {
    const program = await tools.apt('dehydrated');
    const said = await run(program, ['--version']);
    const version = /^Dehydrated version: (.+)$/m.exec(said)?.[1] ?? 'unknown version';
    return { version, open: (world) => open(program, world) };
  },
};

async function open(program: string, world: World) {
  const { authority, dns, folder, httpPort, tlsPort } = world;
  const webRoot = join(folder, 'web-root');
  await mkdir(webRoot);
  const hook = await world.script(
    'hook',
    `case "$1" in
deploy_challenge) ${setTxt(dns, '"_acme-challenge.$2"', '"$4"')} ;;
clean_challenge) ${clearTxt(dns, '"_acme-challenge.$2"')} ;;
esac`,
  );
  const config = await world.file(
    'config',
    `CA=${authority.directoryUrl}
BASEDIR=${folder}
WELLKNOWN=${webRoot}
KEY_ALGO=prime256v1
CONTACT_EMAIL=admin@dehydrated.internal
`,
  );
  const dehydrate = (...args: string[]) => world.run(program, [...args, '--config', config]);
  await dehydrate('--register', '--accept-terms');
  const obtained = async (name: string): Promise<Obtained> => ({
    name,
    chain: await world.read(`certs/${name}/fullchain.pem`),
    key: await world.read(`certs/${name}/privkey.pem`),
  });
  const stopWeb = await serveWebRoot(webRoot, httpPort);
  const stopAlpn = await serveAlpn(tlsPort, async (name) => ({
    cert: await world.read(`alpn-certs/${name}.crt.pem`),
    key: await world.read(`alpn-certs/${name}.key.pem`),
  }));
  const web = world.name('web');
  return {
    obtain: {
      async 'http-01'() {
        await dehydrate('--cron', '--domain', web);
        return obtained(web);
      },
      async 'dns-01'() {
        const name = world.name('dns');
        await dehydrate('--cron', '--domain', name, '--challenge', 'dns-01', '--hook', hook);
        return obtained(name);
      },
      async wildcard() {
        const base = world.name('wild');
        const names = ['--domain', `*.${base} ${base}`, '--alias', base];
        await dehydrate('--cron', ...names, '--challenge', 'dns-01', '--hook', hook);
        return { ...(await obtained(base)), name: `any.${base}` };
      },
      async 'tls-alpn-01'() {
        const name = world.name('alpn');
        await dehydrate('--cron', '--domain', name, '--challenge', 'tls-alpn-01');
        return obtained(name);
      },
    },
    async renew() {
      await dehydrate('--cron', '--force', '--domain', web);
      return obtained(web);
    },
    async revoke() {
      await dehydrate('--revoke', join(folder, `certs/${web}/cert.pem`));
    },
    async close() {
      await stopWeb();
      await stopAlpn();
    },
  };
}
