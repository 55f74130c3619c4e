import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import { NotInstallable } from '../../kit/tools.js';
import { serveWebRoot } from '../../kit/web-root.js';
import type { Client, Obtained } from '../client.js';
import { clearTxt, setTxt, type World } from '../world.js';

/** The only roots it trusts; neither environment nor arguments can name others. */
const SYSTEM_ROOTS = '/etc/ssl/certs/ca-certificates.crt';

/** uacme and its tls-alpn-01 responder ualpn, from Debian. */
export const uacme: Client = {
  name: 'uacme',
  async install(tools) {
    const program = await tools.apt('uacme');
    await run('unshare', ['--mount', 'true']).catch(() => {
      throw new NotInstallable(
        `it believes ${SYSTEM_ROOTS} only, and this user cannot put another in its place`,
      );
    });
    const said = await run('sh', ['-c', '"$0" --version 2>&1 || true', program]);
    const version = /version (\S+)/.exec(said)?.[1] ?? 'unknown version';
    return { version, open: (world) => open(program, world) };
  },
};

async function open(program: string, world: World) {
  const { authority, dns, folder, httpPort, tlsPort } = world;
  const webRoot = join(folder, 'web-root');
  await mkdir(webRoot);
  // Arguments of a hook: method, type, identifier, token, authorization; if it fails, uacme tries the next challenge.
  const httpHook = await world.script(
    'http-hook',
    `test "$2" = http-01
case "$1" in
begin) printf %s "$5" > ${webRoot}/"$4" ;;
*) rm ${webRoot}/"$4" ;;
esac`,
  );
  const dnsHook = await world.script(
    'dns-hook',
    `test "$2" = dns-01
case "$1" in
begin) ${setTxt(dns, '"_acme-challenge.$3"', '"$5"')} ;;
*) ${clearTxt(dns, '"_acme-challenge.$3"')} ;;
esac`,
  );
  const socket = join(folder, 'ualpn.sock');
  const alpnHook = await world.script(
    'alpn-hook',
    // ualpn's exit code does not report a failure; its answer does.
    `test "$2" = tls-alpn-01
case "$1" in
begin) test "$(echo "auth $3 $5" | ualpn -s ${socket})" = OK ;;
*) test "$(echo "unauth $3" | ualpn -s ${socket})" = OK ;;
esac`,
  );
  // A separate mount namespace in which the system's CA bundle is this authority's root.
  const trusting = await world.script(
    'uacme-with-root',
    `mount --bind ${authority.serverRoot} ${SYSTEM_ROOTS}\nexec ${program} "$@"`,
  );
  const common = ['--mount', trusting, '-v', '-y', '-c', folder, '-a', authority.directoryUrl];
  const uacme = (...args: string[]) => world.run('unshare', [...common, ...args]);
  await uacme('new', 'admin@uacme.internal');
  const obtained = async (name: string, file = name): Promise<Obtained> => ({
    name,
    chain: await world.read(`${file}/cert.pem`),
    key: await world.read(`private/${file}/key.pem`),
  });

  const stopWeb = await serveWebRoot(webRoot, httpPort);
  // It is a proxy for a TLS server; here no visitor needs one.
  const ports = ['-b', `127.0.0.1@${tlsPort}`, '-c', `127.0.0.1@${httpPort}`];
  const responder = world.start('ualpn', ['-4', ...ports, '-s', socket, '-n', '1']);
  const web = world.name('web');
  return {
    obtain: {
      async 'http-01'() {
        await uacme('-h', httpHook, 'issue', web);
        return obtained(web);
      },
      async 'dns-01'() {
        const name = world.name('dns');
        await uacme('-h', dnsHook, 'issue', name);
        return obtained(name);
      },
      async wildcard() {
        const base = world.name('wild');
        await uacme('-h', dnsHook, 'issue', base, `*.${base}`);
        return { ...(await obtained(base)), name: `any.${base}` };
      },
      async 'tls-alpn-01'() {
        const name = world.name('alpn');
        await uacme('-h', alpnHook, 'issue', name);
        return obtained(name);
      },
    },
    async renew() {
      await uacme('-f', '-h', httpHook, 'issue', web);
      return obtained(web);
    },
    async revoke() {
      await uacme('revoke', join(folder, web, 'cert.pem'));
    },
    async close() {
      await responder.stop();
      await stopWeb();
    },
  };
}
