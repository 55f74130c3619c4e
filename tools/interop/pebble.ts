import { spawn } from 'node:child_process';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { run } from '../kit/command.js';
import type { Tools } from '../kit/tools.js';
import { until } from '../kit/until.js';
import { freePorts } from '../kit/upki.js';
import type { Authority, Validation } from './authority.js';

export const PEBBLE = { module: 'github.com/letsencrypt/pebble/v2', version: 'v2.10.1' };
/** Milliseconds until it must respond. */
const START_LIMIT = 10_000;

/**
 * Let's Encrypt's test server instead of uPKI: a failure against both is the fault of the client or of this script. Pebble
 * signs no CRL; its management interface reports revocations.
 */
export async function pebbleAuthority(tools: Tools) {
  const program = await tools.go(`${PEBBLE.module}/cmd/pebble`, PEBBLE.version, 'pebble');
  const { Dir } = JSON.parse(
    await run('go', ['mod', 'download', '-json', `${PEBBLE.module}@${PEBBLE.version}`]),
  );
  return (validation: Validation, folder: string) =>
    start(program, join(Dir, 'test/certs'), validation, folder);
}

async function start(program: string, certs: string, v: Validation, folder: string): Promise<Authority> {
  const [port = 0, management = 0] = await freePorts(2);
  const config = join(folder, 'pebble.json');
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: join(certs, 'localhost/cert.pem'),
    privateKey: join(certs, 'localhost/key.pem'),
    httpPort: v.httpPort,
    tlsPort: v.tlsPort,
    retryAfter: { authz: 1, order: 1 },
    profiles: { default: { description: 'as uPKI', validityPeriod: 60 * 86_400 } },
  };
  await writeFile(config, JSON.stringify({ pebble }));
  const child = spawn(program, ['-config', config, '-dnsserver', v.dns], {
    env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => void appendFile(join(folder, 'pebble.log'), bytes));
  const serverRoot = join(certs, 'pebble.minica.pem');
  const ca = await readFile(serverRoot, 'utf8');
  const ask = (path: string) => fetchText(`https://localhost:${management}${path}`, ca);
  return {
    directoryUrl: `https://localhost:${port}/dir`,
    serverRoot,
    root: await until(START_LIMIT, () => ask('/roots/0')),
    async isRevoked(serial) {
      return (await ask(`/cert-status-by-serial/${serial}`)).includes('"Revoked"');
    },
    stop: async () => void child.kill('SIGKILL'),
  };
}

function fetchText(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, async (answer) => {
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += chunk;
      resolve(text);
    }).on('error', reject);
  });
}
