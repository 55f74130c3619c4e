import { X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCrl } from '../../src/x509/crl.js';
import type { AcmeError } from '../../tools/kit/acme-bodies.js';
import { AcmeClient } from '../../tools/kit/acme-client.js';
import { httpServer } from '../../tools/kit/challenge-servers.js';
import { type Cluster, startCluster } from '../../tools/kit/cluster.js';
import { startDns } from '../../tools/kit/dns-server.js';
import { withClient } from '../../tools/kit/postgres/client.js';
import { createDatabase } from '../../tools/kit/postgres/database.js';
import { build } from './run.js';

/** Three RA processes behind a balancer and two CA processes, on one PostgreSQL. */
let database: Awaited<ReturnType<typeof createDatabase>>;
let cluster: Cluster;
const answers = new Map<string, string>();
const closing: (() => Promise<unknown>)[] = [];
const agent = new Agent({ keepAlive: false });
const log: string[] = [];

beforeAll(async () => {
  build();
  database = await createDatabase();
  closing.push(() => database.drop());
  const web = await httpServer((request, response) => {
    const answer = answers.get(request.url?.split('/').at(-1) ?? '');
    response.writeHead(answer ? 200 : 404).end(answer);
  });
  closing.push(() => web.close());
  const dns = await startDns({});
  closing.push(() => dns.close());
  for (let n = 0; n < 40; n += 1) dns.set(`A h${n}.cluster.test`, { records: [{ a: '127.0.0.1' }] });
  cluster = await startCluster({
    databaseUrl: database.url,
    ras: 3,
    cas: 2,
    env: { UPKI_VA_HTTP_PORT: String(web.port), UPKI_VA_RESOLVERS: `${dns.host}:${dns.port}` },
    onOutput: (program, line) => log.push(`${program}: ${line}`),
  });
  closing.push(() => cluster.stop());
}, 180_000);
afterAll(async () => {
  agent.destroy();
  for (const close of closing.reverse()) await close();
}, 60_000);

async function newAccount(): Promise<AcmeClient> {
  const { directoryUrl, rootPem: ca } = cluster;
  const client = new AcmeClient({ directoryUrl, ca, agent, connectTo: '127.0.0.1' });
  await client.newAccount();
  return client;
}

const solve = async ({ token, keyAuthorization }: { token: string; keyAuthorization: string }) => {
  answers.set(token, keyAuthorization);
};

/** As a client does that comes back after an outage; a refusal other than 503 is a fault. */
async function persistent<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const { status, code } = error as AcmeError & { code?: string };
      if (status !== 503 && !['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(code ?? '')) throw error;
    }
  }
}

const certificatesPerOrder = () =>
  withClient(database.url, async (client) => {
    const { rows } = await client.query(
      'SELECT order_id, count(*) FROM upki_ca.certificates WHERE order_id IS NOT NULL GROUP BY order_id',
    );
    return rows.map(({ count }) => Number(count));
  });

describe('three RAs and two CAs', () => {
  it('serve one directory: every request of a flow may reach another RA and another CA', async () => {
    const clients = await Promise.all([0, 1, 2, 3].map(newAccount));
    const chains = await Promise.all(
      clients.map((client, n) => client.issue({ names: [`h${n}.cluster.test`], solve })),
    );
    expect(new Set(chains.map(({ chain }) => chain)).size).toBe(4);
    expect(clients.map(({ badNonces }) => badNonces)).toEqual([0, 0, 0, 0]);
    const chain = chains[0]?.chain ?? '';
    await clients[0]?.revoke(chain);
    // RFC 5280 §4.2.1.13: where the certificate says.
    const [path] = /\/crl\/[0-9a-f]+\.crl/.exec(new X509Certificate(chain).raw.toString('latin1')) ?? [];
    const crls = await Promise.all(
      [0, 1, 2].map(async () => {
        const answer = await fetch(`http://127.0.0.1:${cluster.front.plainPort}${path}`);
        return parseCrl(Buffer.from(await answer.arrayBuffer())).entries.length;
      }),
    );
    expect(crls).toEqual([1, 1, 1]);
  });

  it('continue when one of each is killed under load: every order gets one certificate', async () => {
    const before = (await certificatesPerOrder()).length;
    const clients = await Promise.all([0, 1, 2, 3, 4, 5].map(newAccount));
    let issued = 0;
    const load = clients.map(async (client, lane) => {
      for (let n = 0; n < 5; n += 1) {
        const names = [`h${lane * 5 + n}.cluster.test`];
        await persistent(() => client.issue({ names, solve }));
        issued += 1;
      }
    });
    await expect.poll(() => issued, { timeout: 30_000 }).toBeGreaterThan(3);
    await Promise.all([cluster.ras[1]?.kill(), cluster.cas[0]?.kill()]);
    await Promise.all(load);
    expect(issued).toBe(30);
    const counts = await certificatesPerOrder();
    expect(counts.length).toBeGreaterThanOrEqual(before + 30);
    expect(new Set(counts)).toEqual(new Set([1]));
    // And take up their work again.
    await Promise.all([cluster.ras[1]?.start(), cluster.cas[0]?.start()]);
    await (await newAccount()).issue({ names: ['h39.cluster.test'], solve });
  }, 90_000);

  it('log no error', () => {
    expect(log.filter((line) => line.includes('"level":50'))).toEqual([]);
  });
});
