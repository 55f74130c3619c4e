import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { StoreConflict, StoreUnavailable } from '../../../src/store/contract/errors.js';
import { DatabaseClient } from '../../../src/store/postgres/client.js';
import { Link } from '../../../tools/kit/link.js';
import { withClient } from '../../../tools/kit/postgres/client.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';

/** Statements of issuance share connections and transactions; nobody may be able to tell but by the time it takes. */

let server: Awaited<ReturnType<typeof createDatabase>>;
let client: DatabaseClient;
const open = (url = server.url) => new DatabaseClient({ url, schema: 'public', answerTimeout: 2_000 });
beforeAll(async () => {
  server = await createDatabase();
});
afterAll(() => server.drop());
beforeEach(async () => {
  await withClient(server.url, (each) =>
    each.query(
      'DROP TABLE IF EXISTS t; CREATE TABLE t (id TEXT PRIMARY KEY, n BIGINT NOT NULL CHECK (n < 100))',
    ),
  );
  client = open();
});
afterEach(() => client.close());

const insert = (id: string, n = 0) => client.shared.run('INSERT INTO t (id, n) VALUES ($1, $2)', id, n);
const count = async (id: string) => (await client.get<[number]>('SELECT n FROM t WHERE id = $1', id))?.[0];
const numbers = (length: number) => Array.from({ length }, (_, index) => index);

describe('a batch of concurrent calls', () => {
  test('is one transaction, with an answer for each call', async () => {
    const changes = await Promise.all(numbers(40).map((n) => insert(`id${n}`, n)));
    expect(changes).toEqual(numbers(40).map(() => 1));
    const transactions = await client.all<[string]>('SELECT DISTINCT xmin::text FROM t');
    expect(transactions.length).toBe(1);
    const found = await Promise.all(
      numbers(41).map((n) => client.shared.get<[number]>('SELECT n FROM t WHERE id = $1', `id${n}`)),
    );
    expect(found).toEqual([...numbers(40).map((n) => [n]), undefined]);
  });

  test('of several calls waits a moment, so that the next calls join it', async () => {
    await Promise.all(numbers(3).map((n) => insert(`several${n}`)));
    const one = insert('one');
    await new Promise(setImmediate);
    await Promise.all([one, insert('other')]);
    const sql = "SELECT DISTINCT xmin::text FROM t WHERE id IN ('one', 'other')";
    expect(await client.all(sql)).toHaveLength(1);
  });

  test('may have more calls than fit into one transaction', async () => {
    await Promise.all(numbers(500).map((n) => insert(`id${n}`)));
    expect(await client.get('SELECT count(*) FROM t')).toEqual([500]);
  });

  test('may have different statements, with and without rows, bytes and lists', async () => {
    const answers = await Promise.all([
      client.shared.all('SELECT $1::bytea, $2::text[]', new Uint8Array([0, 255]), ['a', 'b"']),
      client.shared.all('SELECT 1 WHERE false'),
      client.shared.all('SELECT n::bigint FROM generate_series(1, 3) n'),
      client.shared.get('SELECT NULL::text, true'),
    ]);
    expect(answers).toEqual([[[new Uint8Array([0, 255]), ['a', 'b"']]], [], [[1], [2], [3]], [null, true]]);
  });

  test.each([
    ['', 'NULL', '{}', ',', '\\', '\\"', "'", '\n', ' ', 'é€😀', '\\x00'],
    [0, -1, 1.5, 2 ** 53 - 1],
    [null, 'a', null],
    [],
  ])('transfers the list %j unchanged', async (...list) => {
    const [found] = (await client.shared.get<[string[]]>('SELECT $1::text[]', list)) ?? [];
    expect(found).toEqual(list.map((each) => (each === null ? null : String(each))));
  });

  test('transfers lists of bytes unchanged', async () => {
    const list = [new Uint8Array([0, 92, 34, 255]), new Uint8Array()];
    const hex = "SELECT array(SELECT encode(each, 'hex') FROM unnest($1::bytea[]) AS each)";
    expect(await client.shared.get(hex, list)).toEqual([['005c22ff', '']]);
  });

  test('reads a statement’s columns identically the first time and later, next to statements without columns', async () => {
    const ask = () => client.shared.all("SELECT n, id, $1::bytea FROM t WHERE id = 'a'", new Uint8Array([7]));
    const row = [5, 'a', new Uint8Array([7])];
    await insert('a', 5);
    expect(await Promise.all([ask(), insert('b'), ask()])).toEqual([[row], 1, [row]]);
    expect(await Promise.all([insert('c'), ask()])).toEqual([1, [row]]);
    expect(await client.shared.run("DELETE FROM t WHERE id = 'nobody'")).toBe(0);
  });

  test('describes a statement that failed before it was described once it succeeds', async () => {
    const ask = (n: number) => client.shared.get('SELECT 10 / $1::bigint', n);
    await expect(ask(0)).rejects.toThrow(/zero/);
    expect(await ask(5)).toEqual([2]);
    expect(await ask(2)).toEqual([5]);
  });
});

describe('a failed call fails alone in its batch', () => {
  test.each([
    0, 1, 2,
  ])('call number %i contradicts the stored values and fails, and the others succeed', async (bad) => {
    await insert('there');
    const asked = numbers(3).map((n) => insert(n === bad ? 'there' : `id${n}`));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(
      numbers(3).map((n) => (n === bad ? 'rejected' : 'fulfilled')),
    );
    await expect(asked[bad]).rejects.toBeInstanceOf(StoreConflict);
    expect(await client.get('SELECT count(*) FROM t')).toEqual([3]);
  });

  test('a call that contradicts another undone call is judged by the values that are stored', async () => {
    const outcomes = await Promise.allSettled([insert('a', 100), insert('b'), insert('b')]);
    expect(outcomes.map(({ status }) => status)[0]).toBe('rejected');
    expect(
      outcomes
        .slice(1)
        .map(({ status }) => status)
        .sort(),
    ).toEqual(['fulfilled', 'rejected']);
    expect(await client.all('SELECT id FROM t')).toEqual([['b']]);
  });

  test('a wrong statement is an internal error, and the connection prepares the following statements', async () => {
    const wrong = client.shared.run('UPDATE nowhere SET n = 1');
    const other = client.shared.run('INSERT INTO t SELECT $1, 7', 'new text');
    await expect(wrong).rejects.toThrow(/nowhere/);
    await other;
    await client.shared.run('INSERT INTO t SELECT $1, 7', 'again');
    await expect(client.shared.run('UPDATE nowhere SET n = 1')).rejects.toThrow(/nowhere/);
    expect(await count('new text')).toBe(7);
    expect(await count('again')).toBe(7);
  });

  test('two RAs that lock the same rows in a different order both succeed', async () => {
    const other = open();
    await Promise.all(['a', 'b'].map((id) => insert(id)));
    const add = (who: DatabaseClient, id: string) =>
      who.shared.run('UPDATE t SET n = n + 1 FROM (SELECT pg_sleep(0.1)) AS slept WHERE id = $1', id);
    await Promise.all([add(client, 'a'), add(client, 'b'), add(other, 'b'), add(other, 'a')]);
    expect([await count('a'), await count('b')]).toEqual([2, 2]);
    await other.close();
  });
});

/** Who waits for an advisory lock that a test holds. */
const WAITING = `SELECT pid::text FROM pg_stat_activity
  WHERE wait_event = 'advisory' AND datname = current_database()`;

describe('no call waits long for another', () => {
  /** Holds the row `a` until it is let go of. */
  async function holding(work: () => Promise<void>): Promise<void> {
    await insert('a');
    await withClient(server.url, async (holder) => {
      await holder.query("BEGIN; UPDATE t SET n = 1 WHERE id = 'a'");
      await work();
      await holder.query('COMMIT');
    });
  }

  test('a read does not wait for a write, nor a write for one that waits for a lock', async () => {
    let stuck: Promise<number> = Promise.resolve(0);
    await holding(async () => {
      let done = false;
      stuck = client.shared.run("UPDATE t SET n = n + 1 WHERE id = 'a'").finally(() => {
        done = true;
      });
      await vi.waitFor(async () => {
        const text =
          'SELECT true FROM pg_stat_activity WHERE wait_event_type = $1 AND datname = current_database()';
        expect(await client.get(text, 'Lock')).toEqual([true]);
      });
      expect(await client.shared.get("SELECT n FROM t WHERE id = 'a'")).toEqual([0]);
      await insert('b');
      expect(done).toBe(false);
    });
    await stuck;
    expect(await count('a')).toBe(2);
  });

  test('a slow read delays no other', async () => {
    await withClient(server.url, async (holder) => {
      await holder.query('SELECT pg_advisory_lock(1)');
      let done = false;
      const slow = client.shared.all('SELECT pg_advisory_xact_lock(1)::text').finally(() => {
        done = true;
      });
      await vi.waitFor(async () => expect(await client.all(WAITING)).toHaveLength(1));
      await client.shared.get('SELECT 1');
      expect(done).toBe(false);
      await holder.query('SELECT pg_advisory_unlock(1)');
      await slow;
    });
  });
});

describe('the answer to a batch is lost', () => {
  let link: Link;
  let far: DatabaseClient;
  beforeEach(async () => {
    link = await Link.open(Number(new URL(server.url).port || 5432));
    const url = new URL(server.url);
    url.hostname = '127.0.0.1';
    url.port = String(link.port);
    far = open(url.href);
    await far.shared.get('SELECT 1');
  });
  afterEach(async () => {
    await far.close();
    await link.close();
  });

  const insertAfar = (id: string) => far.shared.run('INSERT INTO t VALUES ($1, 0)', id);

  test('all its calls fail in bounded time without a promise, however many wait', async () => {
    await link.cut('silent');
    const begun = performance.now();
    const outcomes = await Promise.allSettled(numbers(400).map((n) => insertAfar(`id${n}`)));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
    }
    expect(performance.now() - begun).toBeLessThan(9_000);
    await link.heal();
    expect(await insertAfar('mended')).toBe(1);
  });

  test('a connection that the server ends fails its batch, and nothing is done twice', async () => {
    const insert =
      "INSERT INTO t SELECT 'x' || gen_random_uuid(), 0 FROM (SELECT pg_advisory_xact_lock(2)) AS held";
    await withClient(server.url, async (holder) => {
      await holder.query('SELECT pg_advisory_lock(2)');
      const settled = Promise.allSettled(numbers(8).map(() => far.shared.run(insert)));
      await vi.waitFor(async () => {
        const ended = await client.all(WAITING.replace('pid::text', 'pg_terminate_backend(pid)'));
        expect(ended.length).toBeGreaterThan(0);
      });
      for (const outcome of await settled) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
      }
    });
    expect(await client.get('SELECT count(*) FROM t')).toEqual([0]);
    expect(await insertAfar('after')).toBe(1);
  });
});
