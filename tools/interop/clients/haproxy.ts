import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import type { RunningProcess } from '../../kit/process.js';
import type { Tools } from '../../kit/tools.js';
import { until } from '../../kit/until.js';
import { serialOf } from '../checks.js';
import type { Client, Obtained } from '../client.js';
import type { World } from '../world.js';

/** The development release under test: Debian's has no ACME yet. */
const COMMIT = '50872daa6a857e82afc40b1c5161924aef4172d7';
/** Milliseconds that HAProxy may take to obtain a certificate in the background. */
const OBTAIN_LIMIT = 120_000;
const BUILD_LIMIT = 60 * 60_000;

/** HAProxy's own ACME client, built from its repository. It stores certificates in memory and never revokes. */
export const haproxy: Client = {
  name: 'haproxy',
  slow: true,
  async install(tools) {
    const program = await build(tools);
    const version = /version (\S+)/.exec(await run(program, ['-v']))?.[1] ?? 'unknown version';
    return { version, open: (world) => open(program, world) };
  },
};

async function build(tools: Tools): Promise<string> {
  const source = await tools.source('haproxy/haproxy', COMMIT);
  const program = join(source, 'haproxy');
  if (existsSync(program)) return program;
  await tools.aptPackage('libssl-dev', '/usr/include/openssl/ssl.h');
  await tools.aptPackage('libpcre2-dev', '/usr/include/pcre2.h');
  // Its speed does not matter; without optimization it compiles in half the time.
  const how = ['TARGET=linux-glibc', 'USE_OPENSSL=1', 'USE_PCRE2=1', 'USE_THREAD=1', 'OPT_CFLAGS=-O0'];
  await run('make', ['-j2', ...how], { cwd: source, timeout: BUILD_LIMIT });
  return program;
}

async function open(program: string, world: World) {
  const { authority, dns, folder, httpPort, tlsPort } = world;
  const web = world.name('web');
  const socket = join(folder, 'haproxy.sock');
  const config = await world.file(
    'haproxy.cfg',
    `global
  expose-experimental-directives
  stats socket ${socket} level admin
  httpclient.ssl.ca-file ${authority.serverRoot}
  httpclient.resolvers.prefer ipv4
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
resolvers default
  nameserver test ${dns.address}
acme upki
  directory ${authority.directoryUrl}
  contact admin@haproxy.internal
  account-key account.key
  keytype ECDSA
  curves P-256
  challenge http-01
  map virt@acme
crt-store
  load crt ${web}.pem acme upki domains ${web}
frontend http
  bind 127.0.0.1:${httpPort}
  http-request return status 200 content-type text/plain lf-string "%[path,field(-1,/)].%[path,field(-1,/),map(virt@acme)]\\n" if { path_beg /.well-known/acme-challenge/ }
frontend https
  bind 127.0.0.1:${tlsPort} ssl crt ${web}.pem
  http-request return status 200
`,
  );
  let server: RunningProcess | null = null;
  const inUse = async (before: string | null): Promise<Obtained> => {
    const pem = await ask(socket, `dump ssl cert ${web}.pem`);
    const chain = pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'));
    const issued = chain.split('-----BEGIN CERTIFICATE').length > 2;
    if (!issued || (before !== null && serialOf(chain) === before))
      throw new Error(`HAProxy has obtained nothing: ${await ask(socket, 'acme status')}`);
    return { name: web, chain, key: pem, port: tlsPort };
  };
  return {
    obtain: {
      async 'http-01'() {
        server = world.start(program, ['-db', '-f', config]);
        return until(OBTAIN_LIMIT, () => inUse(null));
      },
    },
    async renew() {
      const { chain } = await inUse(null);
      await ask(socket, `acme renew ${web}.pem`);
      return until(OBTAIN_LIMIT, () => inUse(serialOf(chain)));
    },
    async close() {
      await server?.stop();
    },
  };
}

/** Sends a command to the socket and returns HAProxy's answer. */
function ask(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(path, () => socket.end(`${command}\n`));
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    socket.on('end', () => resolve(said)).on('error', reject);
  });
}
