import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AcmeError } from '../../tools/kit/acme-bodies.js';
import { AcmeClient } from '../../tools/kit/acme-client.js';
import { httpServer } from '../../tools/kit/challenge-servers.js';
import { startDns } from '../../tools/kit/dns-server.js';
import { newFolder } from '../../tools/kit/folder.js';
import { withClient } from '../../tools/kit/postgres/client.js';
import { createDatabase } from '../../tools/kit/postgres/database.js';
import { freePorts, gone, type RunningUpki, startUpki, UPKI } from '../../tools/kit/upki.js';
import { build, upki } from './run.js';

/** `upki start` with three workers of the RA, on PostgreSQL; its CA stays on SQLite. */
const WORKERS = [1, 2, 3];
let database: Awaited<ReturnType<typeof createDatabase>>;
let running: RunningUpki;
let settings: Record<string, string>;
const dataDir = newFolder();
const answers = new Map<string, string>();
const closing: (() => Promise<unknown>)[] = [];
const agent = new Agent({ keepAlive: false });
let metricsPort = 0;

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
  for (let n = 0; n < 30; n += 1) dns.set(`A h${n}.workers.test`, { records: [{ a: '127.0.0.1' }] });
  [metricsPort = 0] = await freePorts(1);
  settings = {
    UPKI_RA_WORKERS: String(WORKERS.length),
    UPKI_VA_HTTP_PORT: String(web.port),
    UPKI_VA_RESOLVERS: `${dns.host}:${dns.port}`,
    UPKI_METRICS: `127.0.0.1:${metricsPort}`,
  };
}, 240_000);
afterAll(async () => {
  if (running?.alive()) await running.stop();
  agent.destroy();
  for (const close of closing.reverse()) await close();
}, 60_000);

const client = (key?: AcmeClient['key'], accountUrl?: string | null) =>
  new AcmeClient({
    ...{ directoryUrl: running.directoryUrl, ca: running.rootPem, agent, connectTo: '127.0.0.1' },
    ...(key && { key }),
    ...(accountUrl && { accountUrl }),
  });

const solve = async ({ token, keyAuthorization }: { token: string; keyAuthorization: string }) => {
  answers.set(token, keyAuthorization);
};

const read = (path: string) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const childrenOf = (pid: number | null) =>
  read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);

/** The process id of each worker, by its number. */
function workers(): Map<number, number> {
  const found = childrenOf(running.pids().ra).map((pid): [number, number] => {
    const [, number = ''] = /(?:^|\0)RA_WORKER=(\d+)/.exec(read(`/proc/${pid}/environ`)) ?? [];
    return [Number(number), pid];
  });
  return new Map(found);
}

const pidOf = (number: number) => workers().get(number) ?? 0;

async function halt(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await expect.poll(() => /^State:\s+T/m.test(read(`/proc/${pid}/status`)), { timeout: 30_000 }).toBe(true);
}

/** Does something while only this worker takes connections. */
async function only<T>(number: number, work: () => Promise<T>): Promise<T> {
  const others = [...workers()].filter(([each]) => each !== number).map(([, pid]) => pid);
  try {
    for (const pid of others) await halt(pid);
    return await work();
  } finally {
    for (const pid of others) process.kill(pid, 'SIGCONT');
  }
}

async function health(): Promise<{ status: string; warnings?: string[] }> {
  const url = `${running.baseUrl}/api/v1/public/health?ready=1`;
  const answer = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    get(url, { ca: running.rootPem, agent }, resolve).once('error', reject);
  });
  return JSON.parse(await text(answer)).data;
}

const issuedBy = async (worker: number) => {
  const figures = await (await fetch(`http://127.0.0.1:${metricsPort + worker - 1}/metrics`)).text();
  return Number(/^upki_orders_total\{outcome="issued"\} (\d+)$/m.exec(figures)?.[1] ?? 0);
};

describe('several workers', () => {
  it('are refused on SQLite with the one command that moves it to PostgreSQL, and go on with the account made before', async () => {
    const { UPKI_RA_WORKERS: _, ...alone } = settings;
    running = await startUpki({ dataDir, env: alone });
    const before = client();
    await before.newAccount();
    const { ports } = running;
    expect(await running.stop()).toBe(0);

    const refused = await upki(['start', '-d', dataDir], settings);
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain('UPKI_RA_WORKERS is 3: SQLite has one writer');
    const [, command = ''] = /`upki (store copy [^`]+)`/.exec(refused.stderr) ?? [];
    const given = command.replace('postgres://USER:PASSWORD@HOST/DATABASE', database.url);
    execFileSync('sh', ['-c', `${process.execPath} ${UPKI} ${given}`], { stdio: 'pipe' });

    const env = { ...settings, UPKI_DATABASE_URL: database.url };
    running = await startUpki({ dataDir, ports, env });
    expect([...workers().keys()].sort()).toEqual(WORKERS);
    const after = client(before.key);
    await after.newAccount({ onlyReturnExisting: true });
    expect(after.accountUrl).toBe(before.accountUrl);
  }, 240_000);

  it('share the port, accounts and nonces: each issues for an account of another, and accepts its nonces', async () => {
    const one = client();
    await only(1, () => one.newAccount());
    for (const number of WORKERS)
      await only(number, () => one.issue({ names: [`h${number}.workers.test`], solve }));
    expect(one.badNonces).toBe(0);
    expect(await Promise.all(WORKERS.map(issuedBy))).toEqual([1, 1, 1]);
  }, 120_000);

  it('lose nothing when one is killed under load, say so while it is away, and have it back', async () => {
    const clients = await Promise.all(
      [0, 1, 2, 3].map(async () => {
        const each = client();
        await each.newAccount();
        return each;
      }),
    );
    let issued = 0;
    const load = clients.map(async (each, lane) => {
      for (let n = 0; n < 5; n += 1) {
        await persistent(() => each.issue({ names: [`h${4 + lane * 5 + n}.workers.test`], solve }));
        issued += 1;
      }
    });
    await expect.poll(() => issued, { timeout: 60_000, interval: 5 }).toBeGreaterThan(3);
    const victim = pidOf(2);
    process.kill(victim, 'SIGKILL');
    // Its successor is stopped before it can serve.
    await expect.poll(() => ![0, victim].includes(pidOf(2)), { timeout: 30_000, interval: 5 }).toBe(true);
    await halt(pidOf(2));
    await expect
      .poll(health, { timeout: 30_000 })
      .toEqual({ status: 'ready', warnings: ['the RA worker 2 does not serve; it is being started'] });
    await Promise.all(load);
    expect(issued).toBe(20);
    process.kill(pidOf(2), 'SIGCONT');
    await expect.poll(health, { timeout: 60_000 }).toEqual({ status: 'ready' });
    const counts = await withClient(database.url, async (connection) => {
      const { rows } = await connection.query('SELECT count(*) FROM upki_ra.certificates GROUP BY order_id');
      return rows.map(({ count }) => Number(count));
    });
    expect(counts.length).toBeGreaterThanOrEqual(23);
    expect(new Set(counts)).toEqual(new Set([1]));
  }, 240_000);

  it('reload their rules together, and agree on the rest of a limit', async () => {
    writeFileSync(join(dataDir, 'upki.yml'), 'ra:\n  limit_accounts: 2\n  website: https://anew.test\n');
    process.kill(running.pids().supervisor, 'SIGHUP');
    for (const number of WORKERS) {
      const website = () => only(number, async () => (await client().directory()).meta?.website);
      await expect.poll(website, { timeout: 30_000 }).toBe('https://anew.test/');
    }
    const refusal = (number: number) =>
      only(number, () =>
        client()
          .newAccount()
          .then(
            () => null,
            (error: AcmeError) => error.type,
          ),
      );
    await expect.poll(() => refusal(1), { timeout: 30_000 }).toBe('rateLimited');
    expect([await refusal(2), await refusal(3)]).toEqual(['rateLimited', 'rateLimited']);
  }, 120_000);

  it('register as other RAs of one name, restart with the process that holds their ports, and register again with the first worker', async () => {
    const listed = async (): Promise<{ cn: string }[]> =>
      JSON.parse((await upki(['ra', 'list', '--json', '-d', dataDir])).stdout);
    const before = await listed();
    expect([before.length, new Set(before.map(({ cn }) => cn)).size]).toEqual([3, 1]);
    const { ca, registration } = running.ports;
    const anew = await upki(['ra', 'register', '--anew', '-d', join(dataDir, 'ra')], {
      UPKI_CA_PORT: String(ca),
      UPKI_CA_REGISTRATION_PORT: String(registration),
      UPKI_CA_SEED_FILE: join(dataDir, 'ca', 'seed'),
    });
    expect(anew.code, anew.stderr).toBe(0);
    const orphans = [...workers().values()];
    await running.kill('ra');
    await Promise.all(orphans.map(gone));
    await expect.poll(() => health().catch(() => null), { timeout: 120_000 }).toEqual({ status: 'ready' });
    expect(await listed()).toHaveLength(6);
  }, 240_000);

  it('end with the supervisor', async () => {
    const all = [...workers().values(), ...Object.values(running.pids())].filter((pid) => pid !== null);
    expect(all).toHaveLength(6);
    expect(await running.stop()).toBe(0);
    await Promise.all(all.map(gone));
  }, 60_000);
});

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
