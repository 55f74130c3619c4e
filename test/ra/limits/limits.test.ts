import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../../src/lib/time.js';
import type { Account, Order } from '../../../src/model/facts.js';
import { Problem } from '../../../src/model/problem.js';
import { type LimitSettings, Limits, NO_LIMITS } from '../../../src/ra/limits/limits.js';
import { LocalAllowances } from '../../../src/ra/limits/local-allowances.js';

const HERE = '192.0.2.1';
const account = (id: string) => ({ id }) as Account;
const dns = (...values: string[]) => values.map((value) => ({ type: 'dns' as const, value }));
const order = (accountId: string, names: string[], replaces: string | null = null) =>
  ({ accountId, identifiers: dns(...names), replaces }) as Order;

/** Keeps nothing. */
const nothing = { loadAllowances: async () => [], saveAllowances: async () => {} };

function create(settings: Partial<LimitSettings>) {
  const time = { now: 1_800_000_000_000 };
  const limits = new Limits(
    new LocalAllowances(nothing, () => {}),
    { ...NO_LIMITS, ...settings },
    () => time.now,
  );
  return { limits, time };
}

/** Seconds the refusal says to wait; 0: it was none. */
async function wait(work: Promise<void>): Promise<number> {
  try {
    await work;
    return 0;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    expect([error.type, error.status]).toEqual(['rateLimited', 429]);
    return error.options.retryAfter ?? Number.NaN;
  }
}

describe('accounts of an address', () => {
  it('are refused beyond the limit until Retry-After is over, but not for other addresses', async () => {
    const { limits, time } = create({ accounts: 3 });
    for (let made = 0; made < 3; made += 1) expect(await wait(limits.newAccount(HERE))).toBe(0);
    const seconds = await wait(limits.newAccount(`::ffff:${HERE}`));
    expect(seconds).toBe(DAY / 3 / 1000);
    expect(await wait(limits.newAccount('192.0.2.2'))).toBe(0);
    time.now += seconds * 1000;
    expect(await wait(limits.newAccount(HERE))).toBe(0);
    expect(await wait(limits.newAccount(HERE))).toBeGreaterThan(0);
  });

  it.each([
    ['an hour', HOUR],
    ['a day', DAY],
    ['a year', 365 * DAY],
  ])('that were counted while the clock was %s ahead count no more when it is right', async (_, ahead) => {
    const { limits, time } = create({ accounts: 3 });
    time.now += ahead;
    for (let made = 0; made < 3; made += 1) await limits.newAccount(HERE);
    expect(await wait(limits.newAccount(HERE))).toBeGreaterThan(0);
    time.now -= ahead;
    for (let made = 0; made < 3; made += 1) expect(await wait(limits.newAccount(HERE))).toBe(0);
    expect(await wait(limits.newAccount(HERE))).toBeGreaterThan(0);
  });

  it('of one IPv6 network count together', async () => {
    const { limits } = create({ accounts: 1 });
    await limits.newAccount('2001:db8::1');
    expect(await wait(limits.newAccount('2001:db8::2'))).toBeGreaterThan(0);
    expect(await wait(limits.newAccount('2001:db8:0:1::1'))).toBe(0);
  });

  it('that get certificates never count, however many there are', async () => {
    const { limits } = create({ accounts: 5, orders: 1, names: 5 });
    for (let each = 0; each < 1_000; each += 1) {
      const id = `account-${each}`;
      await limits.newAccount(HERE);
      await limits.newOrder(account(id), dns(`${each}.test`, `www.${each}.test`), null, HERE);
      await limits.issued(order(id, [`${each}.test`, `www.${each}.test`]));
      await limits.issuedTo(order(id, [`${each}.test`, `www.${each}.test`]), HERE);
    }
  });
});

describe('orders of an account', () => {
  it('that fail are limited, but not those of other accounts of the address', async () => {
    const { limits } = create({ orders: 2 });
    const ask = (id: string) => wait(limits.newOrder(account(id), dns('a.test'), null, HERE));
    expect([await ask('one'), await ask('one')]).toEqual([0, 0]);
    expect(await ask('one')).toBeGreaterThan(0);
    expect(await ask('two')).toBe(0);
  });

  it('count by their names, those of the account and those from the address, and a refused one costs nothing', async () => {
    const { limits } = create({ names: 10 });
    const names = (count: number) => dns(...Array.from({ length: count }, (_, index) => `${index}.test`));
    const ask = (id: string, count: number, from: string) =>
      wait(limits.newOrder(account(id), names(count), null, from));
    expect(await ask('one', 8, HERE)).toBe(0);
    expect(await ask('one', 3, '192.0.2.2')).toBeGreaterThan(0);
    expect(await ask('two', 3, HERE)).toBeGreaterThan(0);
    expect(await ask('two', 2, HERE)).toBe(0);
    expect(await ask('three', 10, '192.0.2.2')).toBe(0);
    expect(await ask('four', 100, '192.0.2.3')).toBe(0);
  });

  it('with `replaces` are exempt, but for a client that loops over one certificate', async () => {
    const { limits } = create({ orders: 1, names: 1, duplicates: 1, failures: 1 });
    await limits.newOrder(account('one'), dns('a.test'), null, HERE);
    await limits.failed('one', { type: 'dns', value: 'a.test' });
    const replace = () => wait(limits.newOrder(account('one'), dns('a.test'), 'aki.serial', HERE));
    for (let each = 0; each < 100; each += 1) expect(await replace()).toBe(0);
    expect(await replace()).toBeGreaterThan(0);
  });
});

describe('failed validations of a name', () => {
  it('keep the account from ordering the name again, wildcards too, and name it', async () => {
    const { limits, time } = create({ failures: 2 });
    for (let each = 0; each < 2; each += 1) await limits.failed('one', { type: 'dns', value: 'a.test' });
    for (const name of ['a.test', '*.a.test']) {
      const refused = await limits.newOrder(account('one'), dns('b.test', name), null, HERE).catch((e) => e);
      expect(refused.toDocument()).toMatchObject({
        type: 'urn:ietf:params:acme:error:rateLimited',
        status: 429,
        subproblems: [{ identifier: { type: 'dns', value: name } }],
      });
      expect(refused.options.retryAfter).toBe(HOUR / 2 / 1000);
    }
    const two = dns('a.test', '*.a.test');
    const both = await limits.newOrder(account('one'), two, null, HERE).catch((error) => error);
    expect([both.status, both.options.subproblems.length, both.options.retryAfter]).toEqual([429, 2, 1800]);
    expect(await wait(limits.newOrder(account('one'), dns('b.test'), null, HERE))).toBe(0);
    expect(await wait(limits.newAuthorization(account('one'), { type: 'dns', value: 'a.test' }, HERE))).toBe(
      1800,
    );
    time.now += HOUR / 2;
    expect(await wait(limits.newOrder(account('one'), dns('a.test'), null, HERE))).toBe(0);
  });

  it('by a stranger do not keep other accounts from it', async () => {
    const { limits } = create({ failures: 1 });
    for (let each = 0; each < 50; each += 1)
      await limits.failed('stranger', { type: 'dns', value: 'a.test' });
    expect(await wait(limits.newOrder(account('owner'), dns('a.test'), null, HERE))).toBe(0);
  });
});

describe('certificates of exactly the same names', () => {
  it('are limited whoever orders them, in whatever order the names come', async () => {
    const { limits } = create({ duplicates: 2 });
    await limits.issued(order('one', ['a.test', 'b.test']));
    await limits.issued(order('two', ['b.test', 'a.test']));
    expect(
      await wait(limits.newOrder(account('three'), dns('a.test', 'b.test'), null, HERE)),
    ).toBeGreaterThan(0);
    expect(await wait(limits.newOrder(account('three'), dns('a.test'), null, HERE))).toBe(0);
  });

  it('that were only ordered do not count: a stranger proves nothing', async () => {
    const { limits } = create({ duplicates: 1 });
    for (let each = 0; each < 50; each += 1) {
      expect(await wait(limits.newOrder(account('stranger'), dns('a.test'), null, HERE))).toBe(0);
    }
  });
});

it('no limit applies when all are 0', async () => {
  const { limits } = create({});
  for (let each = 0; each < 100; each += 1) {
    await limits.newAccount(HERE);
    await limits.newOrder(account('one'), dns('a.test'), null, HERE);
    await limits.failed('one', { type: 'dns', value: 'a.test' });
    await limits.issued(order('one', ['a.test']));
    await limits.wrongSeed(HERE);
    await limits.seed(HERE);
  }
});

it('wrong seeds of an address are limited before the next is looked at', async () => {
  const { limits } = create({ seeds: 2 });
  for (let each = 0; each < 2; each += 1) {
    await limits.seed(HERE);
    await limits.wrongSeed(HERE);
  }
  expect(await wait(limits.seed(HERE))).toBe(1800);
  expect(await wait(limits.seed('192.0.2.2'))).toBe(0);
});
