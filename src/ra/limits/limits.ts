import { createHash } from 'node:crypto';
import { addressSource } from '../../lib/address-source.js';
import { DAY, HOUR, MINUTE } from '../../lib/time.js';
import type { Account, Identifier, Order } from '../../model/facts.js';
import { identifierKey } from '../../model/identifiers.js';
import { forIdentifiers, Problem } from '../../model/problem.js';
import type { Allowances, Use } from '../../store/contract/allowances.js';

/** Limits; 0 means unlimited. Requests that lead to a certificate do not count. */
export interface LimitSettings {
  /** New accounts per address and day. */
  accounts: number;
  /** Orders per account and day. */
  orders: number;
  /** Names in orders and pre-authorizations, per account and day, and per address and day. */
  names: number;
  /** Failed validations of a name by an account, per hour. */
  failures: number;
  /** Certificates of exactly the same names, per day. */
  duplicates: number;
  /** Wrong seeds per address and hour. */
  seeds: number;
}

export const NO_LIMITS: LimitSettings = {
  accounts: 0,
  orders: 0,
  names: 0,
  failures: 0,
  duplicates: 0,
  seeds: 0,
};

/** A clock that goes back by more than this was reset. */
const SET_BACK = MINUTE;

/** Orders that replace one certificate, per day: RFC 9773 §5 allows one, and another when that one fails. */
const REPLACEMENTS = 100;

interface Limit {
  /** The limit per period, a day or an hour. */
  count: number;
  period: number;
  key: string;
  /** What the limit counts, for the client's message. */
  what: string;
}

/** A limit, and how many times a request uses it. */
type Taken = readonly [Limit, times: number];
/** A limit that is checked but not used, and the identifier that it counts. */
interface Looked {
  limit: Limit;
  identifier?: Identifier;
}

/**
 * RFC 8555 §6.6: rate limits, so that one client cannot use up the capacity of all. A request that leads to a
 * certificate is refunded to its account and address, so a fleet of any size whose requests succeed never reaches a limit.
 */
export class Limits {
  #latest = Number.NEGATIVE_INFINITY;
  /** Suffix of every key: '' until the clock is set back. */
  #era = '';

  constructor(
    private readonly allowances: Allowances,
    private settings: LimitSettings,
    private readonly clock: () => number,
    /** Called for every refusal, with the kind of the limit. */
    private readonly onHit: (limit: string) => void = () => undefined,
  ) {}

  /** Replaces the settings; earlier uses still count. */
  change(settings: LimitSettings): void {
    this.settings = settings;
  }

  /** @param from address of the client @throws Problem rateLimited */
  async newAccount(from: string): Promise<void> {
    await this.#take([[this.#accountsOf(from), 1]]);
  }

  /** @param replaces certificate identifier of the predecessor, which was checked (RFC 9773 §5) @throws Problem rateLimited */
  async newOrder(
    account: Account,
    identifiers: readonly Identifier[],
    replaces: string | null,
    from: string,
  ): Promise<void> {
    if (replaces !== null) return this.#take([[replacementsOf(replaces), 1]]);
    const uses: Taken[] = [
      [this.#ordersOf(account.id), 1],
      ...this.#names(account.id, identifiers.length, from),
    ];
    await this.#take(uses, [
      ...this.#hopeless(account, identifiers),
      { limit: this.#duplicatesOf(identifiers) },
    ]);
  }

  /** A pre-authorization (RFC 8555 §7.4.1). @throws Problem rateLimited */
  async newAuthorization(account: Account, identifier: Identifier, from: string): Promise<void> {
    await this.#take(this.#names(account.id, 1, from), this.#hopeless(account, [identifier]));
  }

  /** Refunds an order that got its certificate to its account's limits. */
  async issued({ accountId, identifiers, replaces }: Order): Promise<void> {
    if (replaces !== null) return;
    await this.#settle(
      [
        [this.#ordersOf(accountId), 1],
        [this.#namesOf(accountId, 'by this account'), identifiers.length],
      ],
      [this.#duplicatesOf(identifiers)],
    );
  }

  /** Refunds an order that got its certificate to the limits of the address it was finalized from. */
  async issuedTo({ identifiers, replaces }: Order, from: string): Promise<void> {
    const names = this.#namesOf(addressSource(from), 'from this address');
    await this.#settle([
      [this.#accountsOf(from), 1],
      [names, replaces === null ? identifiers.length : 0],
    ]);
  }

  /** Counts a failed validation. */
  async failed(accountId: string, identifier: Identifier): Promise<void> {
    await this.#settle([], [this.#failuresOf(accountId, identifier)]);
  }

  /** Called before a seed is checked. @throws Problem rateLimited */
  async seed(from: string): Promise<void> {
    await this.#take([], [{ limit: this.#seedsOf(from) }]);
  }

  async wrongSeed(from: string): Promise<void> {
    await this.#settle([], [this.#seedsOf(from)]);
  }

  /** The limits of failed validations for these names. */
  #hopeless(account: Account, identifiers: readonly Identifier[]): Looked[] {
    return identifiers.map((identifier) => ({ limit: this.#failuresOf(account.id, identifier), identifier }));
  }

  /** Uses all limits or none. Uses none if a checked limit is used up. */
  async #take(taken: readonly Taken[], looked: readonly Looked[] = []): Promise<void> {
    const uses = taken.filter(([{ count }]) => count > 0);
    const looks = looked.filter(({ limit }) => limit.count > 0);
    if (uses.length + looks.length === 0) return;
    const now = this.#now();
    const waits = await this.allowances.use(
      uses.map(([limit, times]) => this.#useOf(limit, times)),
      now,
      looks.map(({ limit }) => this.#useOf(limit, 1)),
    );
    const problems = [...looks, ...uses.map(([limit]): Looked => ({ limit }))].flatMap((each, index) => {
      const wait = waits[index] ?? 0;
      return wait > 0 ? [{ wait, ...each }] : [];
    });
    const [first] = problems;
    if (!first) return;
    const names = problems.filter(({ identifier }) => identifier !== undefined);
    if (names.length === 0) throw this.#hit(first.limit, first.wait);
    throw ofNames(names.map(({ limit, wait, identifier }) => this.#hit(limit, wait, identifier)));
  }

  #hit(limit: Limit, wait: number, identifier?: Identifier): Problem {
    this.onHit(limit.key.split(' ', 1)[0] ?? '');
    return rateLimited(limit, wait, identifier);
  }

  /** Refunds uses, and counts events without checking a limit. */
  async #settle(back: readonly Taken[], happened: readonly Limit[] = []): Promise<void> {
    const given = back.filter(([{ count }, times]) => count > 0 && times > 0);
    const counted = happened.filter(({ count }) => count > 0);
    if (given.length + counted.length === 0) return;
    const now = this.#now();
    await this.allowances.settle(
      given.map(([limit, times]) => this.#useOf(limit, times)),
      counted.map((limit) => this.#useOf(limit, 1)),
      now,
    );
  }

  /**
   * The time. When the clock was set back, earlier counts lie in the future and would look like limits that are used up, so new keys
   * are used from then on. Replicas whose clocks were set back in the same minute use the same keys.
   */
  #now(): number {
    const now = this.clock();
    if (now < this.#latest - SET_BACK) this.#era = ` since ${Math.floor(now / MINUTE)}`;
    this.#latest = now;
    return now;
  }

  #useOf({ key, count, period }: Limit, times: number): Use {
    // An order with more names than the daily limit is allowed if nothing was used before.
    const amount = Math.ceil((Math.min(times, count) * period) / count);
    return { key: key + this.#era, amount, window: period };
  }

  /** @param of the account, address or names that the limit is for @param what as in `Limit` */
  #limit(kind: keyof LimitSettings, of: string, what: string): Limit {
    const period = kind === 'failures' || kind === 'seeds' ? HOUR : DAY;
    return { count: this.settings[kind], period, key: `${kind} ${of}`, what };
  }

  #accountsOf(from: string): Limit {
    return this.#limit('accounts', addressSource(from), 'new accounts from this address');
  }

  #ordersOf(accountId: string): Limit {
    return this.#limit('orders', accountId, 'orders of this account without a certificate');
  }

  #names(accountId: string, count: number, from: string): Taken[] {
    return [
      [this.#namesOf(accountId, 'by this account'), count],
      [this.#namesOf(addressSource(from), 'from this address'), count],
    ];
  }

  #namesOf(whose: string, by: string): Limit {
    return this.#limit('names', whose, `names ordered without a certificate ${by}`);
  }

  /** Per account, so that other accounts cannot keep the owner of a name from proving it. */
  #failuresOf(accountId: string, identifier: Identifier): Limit {
    const of = `${accountId} ${identifierKey(identifier).replace(':*.', ':')}`;
    return this.#limit('failures', of, `failed validations of "${identifier.value}" by this account`);
  }

  /** Per set of names, for all accounts together: a client in a loop may create a new account each time. */
  #duplicatesOf(identifiers: readonly Identifier[]): Limit {
    const names = identifiers.map(identifierKey).sort().join(' ');
    const hash = createHash('sha256').update(names).digest('base64url');
    return this.#limit('duplicates', hash, 'certificates of exactly these names');
  }

  #seedsOf(from: string): Limit {
    return this.#limit('seeds', addressSource(from), 'wrong seeds from this address');
  }
}

function replacementsOf(replaces: string): Limit {
  const key = `replacements ${replaces}`;
  return { count: REPLACEMENTS, period: DAY, key, what: 'orders that replace this certificate' };
}

function rateLimited({ what, count, period }: Limit, wait: number, identifier?: Identifier): Problem {
  const each = period === DAY ? 'a day' : 'an hour';
  return new Problem('rateLimited', `too many ${what}: more than ${count} ${each}`, {
    retryAfter: Math.ceil(wait / 1000),
    ...(identifier && { identifier }),
  });
}

/** Each name gets a subproblem (§6.7.1). */
function ofNames(problems: readonly Problem[]): Problem {
  const retryAfter = Math.max(...problems.map(({ options }) => options.retryAfter ?? 0));
  const { type, detail, status, options } = forIdentifiers(problems);
  return new Problem(type, detail, { ...options, status, retryAfter });
}
