import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import { serveWebRoot } from '../../kit/web-root.js';
import type { Client, Obtained } from '../client.js';
import type { World } from '../world.js';

/** The release under test. */
const COMMIT = '0500a12eb4228e359932059c15bae1785027a12b';

/** getssl, from its repository: bash, curl and openssl. Its dns-01 queries name servers on port 53, which we cannot use. */
export const getssl: Client = {
  name: 'getssl',
  slow: true,
  async install(tools) {
    const program = join(await tools.source('srvrco/getssl', COMMIT), 'getssl');
    await tools.apt('bind9-dnsutils', 'dig');
    const version = /V([\d.]+)/.exec(await run(program, ['--version', '-U']))?.[1] ?? 'unknown version';
    return { version, open: (world) => open(program, world) };
  },
};

async function open(program: string, world: World) {
  const { authority, dns, folder, httpPort } = world;
  const [server, port] = dns.address.split(':');
  const webRoot = join(folder, 'web-root');
  const web = world.name('web');
  await mkdir(webRoot);
  await mkdir(join(folder, 'getssl', web), { recursive: true });
  await world.file(
    'getssl/getssl.cfg',
    `CA="${authority.directoryUrl}"
ACCOUNT_EMAIL="admin@getssl.internal"
ACCOUNT_KEY_LENGTH=4096
ACCOUNT_KEY="${folder}/getssl/account.key"
PRIVATE_KEY_ALG="prime256v1"
SERVER_TYPE="https"
CHECK_REMOTE="false"
SKIP_HTTP_TOKEN_CHECK="true"
DNS_CHECK_OPTIONS="@${server} -p ${port}"
`,
  );
  await world.file(`getssl/${web}/getssl.cfg`, `ACL=('${webRoot}')\nSANS=""\n`);
  const stopWeb = await serveWebRoot(webRoot, httpPort);
  const getssl = (...args: string[]) => world.run(program, ['-w', join(folder, 'getssl'), '-U', ...args]);
  const obtain = async (...how: string[]): Promise<Obtained> => {
    await getssl(...how, web);
    return {
      name: web,
      chain: await world.read(`getssl/${web}/fullchain.crt`),
      key: await world.read(`getssl/${web}/${web}.key`),
    };
  };
  return {
    obtain: { 'http-01': () => obtain() },
    renew: () => obtain('-f'),
    async revoke() {
      const files = [`getssl/${web}/${web}.crt`, `getssl/${web}/${web}.key`].map((each) =>
        join(folder, each),
      );
      await getssl('-r', ...files, authority.directoryUrl);
    },
    close: stopWeb,
  };
}
