import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRaStore } from '../../../src/store/open.js';
import { DatabaseClient } from '../../../src/store/postgres/client.js';
import type { Row, SqlValue } from '../../../src/store/postgres/database.js';
import { GatheredAllowances } from '../../../src/store/postgres/ra/gathered-allowances.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';

const NOW = 1_800_000_000_000;
const use = (key: string, amount = 25) => ({ key, amount, window: 100 });

/** Counts the statements. */
class Counter extends DatabaseClient {
  asked = 0;

  override all<R extends Row>(text: string, ...values: SqlValue[]): Promise<R[]> {
    this.asked += 1;
    return super.all<R>(text, ...values);
  }

  override run(text: string, ...values: SqlValue[]): Promise<number> {
    this.asked += 1;
    return super.run(text, ...values);
  }
}

let database: Awaited<ReturnType<typeof createDatabase>>;
let db: Counter;
let allowances: GatheredAllowances;
beforeAll(async () => {
  database = await createDatabase();
  await (await openRaStore(database.url)).close();
  db = new Counter({ url: database.url, schema: 'upki_ra' });
  allowances = new GatheredAllowances((operation) => operation(db));
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

/** How many statements the work took. */
async function statements(work: () => Promise<unknown>): Promise<number> {
  const before = db.asked;
  await work();
  return db.asked - before;
}

const numbers = (length: number) => Array.from({ length }, (_, index) => index);

test('the uses of many requests are counted in one statement', async () => {
  const asked = () => Promise.all(numbers(4).map((n) => allowances.use([use(`own${n}`), use('same')], NOW)));
  expect(await statements(async () => expect(await asked()).toEqual(numbers(4).map(() => [0, 0])))).toBe(1);
  expect(await allowances.use([], NOW, [use('same'), use('own0')])).toEqual([25, 0]);
});

test('a request that is refused takes nothing, and no other request is refused for it', async () => {
  await allowances.use([use('full', 100)], NOW);
  const waits = await Promise.all([
    allowances.use([use('a'), use('b')], NOW),
    allowances.use([use('a'), use('full')], NOW),
    allowances.use([use('c')], NOW, [use('full')]),
    allowances.use([use('c', 100)], NOW),
    allowances.use([use('c')], NOW),
    allowances.use([], NOW, [use('full')]),
  ]);
  expect(waits).toEqual([[0, 0], [0, 25], [25, 0], [0], [25], [25]]);
  expect(await allowances.use([use('a', 75), use('b', 75)], NOW)).toEqual([0, 0]);
});

test('the first uses of a key are together no more than there is', async () => {
  const waits = await Promise.all(numbers(6).map(() => allowances.use([use('new')], NOW)));
  expect(waits).toEqual([[0], [0], [0], [0], [25], [25]]);
});

test('what certificates give back and use is settled in one statement, each key once', async () => {
  await allowances.use([use('here', 100), use('x', 50)], NOW);
  const settled = () =>
    Promise.all([
      allowances.settle([use('here'), use('x')], [use('names')], NOW),
      allowances.settle([use('here')], [use('names')], NOW),
      allowances.settle([], [], NOW),
    ]);
  expect(await statements(settled)).toBe(1);
  expect(await allowances.use([], NOW, [use('here', 75), use('x', 100), use('names', 75)])).toEqual([
    25, 25, 25,
  ]);
  expect(await statements(() => allowances.settle([], [], NOW))).toBe(0);
});

test('what could not be counted or settled fails for every caller, and is not sent again', async () => {
  let asked = 0;
  const away = new GatheredAllowances(async () => {
    asked += 1;
    throw new Error('away');
  });
  const outcomes = await Promise.allSettled([
    ...numbers(2).map(() => away.use([use('a')], NOW)),
    ...numbers(2).map(() => away.settle([use('a')], [], NOW)),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(numbers(4).map(() => 'rejected'));
  expect(asked).toBe(2);
  await expect(away.use([use('b')], NOW)).rejects.toThrow('away');
});
