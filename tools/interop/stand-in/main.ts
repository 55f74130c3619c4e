import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningUpki, startUpki } from '../../kit/upki.js';
import { download } from '../upki.js';
import { type PebbleConfig, readCommandLine, settingsFor } from './config.js';
import { DATA_FOLDER, NEEDED_BY } from './lifetime.js';

/**
 * uPKI behind Pebble's command line, configuration, addresses and certificate, for test suites that start Let's Encrypt's test
 * server themselves: `-config FILE -dnsserver ADDRESS -strict`. Its directory is also at /dir, and the management interface
 * serves root and issuer.
 */

const asked = await readCommandLine(process.argv.slice(2));
const { config } = asked;
const dataDir = await mkdtemp(join(tmpdir(), DATA_FOLDER));
// It listens at once, like Pebble; requests wait until uPKI is ready.
const ready: Promise<RunningUpki> = settingsFor(asked, dataDir).then((env) => startUpki({ dataDir, env }));
const tls = {
  cert: await readFile(config.certificate),
  key: await readFile(config.privateKey),
};
const servers = [listen(config.listenAddress, forward)];
if (config.managementListenAddress) servers.push(listen(config.managementListenAddress, manage));
ready.then(
  () => process.stdout.write('uPKI stands in for Pebble\n'),
  async (error) => {
    process.stderr.write(`${error.message}\n`);
    await end(1);
  },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(0));
// A suite that kills Pebble with SIGKILL kills the shell in front of it, or ends itself; uPKI then ends as well.
const [shell = 0, suite = 0] = (process.env[NEEDED_BY] ?? '').split(' ').map(Number);
const watch = setInterval(() => {
  if (process.ppid === shell && runs(suite)) return;
  clearInterval(watch);
  void end(0);
}, 500);

function listen(
  address: PebbleConfig['listenAddress'],
  handler: (asked: IncomingMessage, answer: ServerResponse) => void,
) {
  const [, host = '', port] = /^(?:\[?([^\]]*)\]?)?:(\d+)$/.exec(address) ?? [];
  return createServer(tls, handler).listen(Number(port), host === '' ? '::' : host);
}

async function forward(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { ports, rootPem } = await ready;
  const path = incoming.url === '/dir' ? '/acme/directory' : incoming.url;
  const outgoing = request(
    {
      ...{ host: '127.0.0.1', port: ports.ra, servername: 'localhost', ca: rootPem, agent: false },
      ...{ method: incoming.method, path, headers: incoming.headers },
    },
    (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    },
  );
  outgoing.on('error', () => answer.writeHead(502).end());
  incoming.pipe(outgoing);
}

/** The part of Pebble's management interface that suites use: `/roots/0` and `/intermediates/0`. */
async function manage(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { baseUrl, rootPem } = await ready;
  const chain = await download(`${baseUrl}/api/v1/public/ca?format=chain`, rootPem);
  const pem: Record<string, string> = { '/roots/0': rootPem, '/intermediates/0': firstOf(String(chain)) };
  const found = pem[incoming.url ?? ''];
  answer.writeHead(found ? 200 : 404, { 'content-type': 'application/pem-certificate-chain' }).end(found);
}

const firstOf = (pem: string): string =>
  `${pem.split('-----END CERTIFICATE-----')[0]}-----END CERTIFICATE-----\n`;

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function end(code: number): Promise<void> {
  for (const server of servers) server.close();
  await ready.then((upki) => upki.stop()).catch(() => undefined);
  await rm(dataDir, { recursive: true, force: true });
  process.exit(code);
}
