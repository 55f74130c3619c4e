import { createHash } from 'node:crypto';
import { addressSource } from '../../lib/address-source.js';
import { DAY, HOUR } from '../../lib/time.js';
import type { Account, Identifier, Order } from '../../model/facts.js';
import { identifierKey } from '../../model/identifiers.js';
import { forIdentifiers, Problem } from '../../model/problem.js';
import type { Allowances, Use } from '../../store/contract/allowances.js';

/** How often; 0 is no limit. What leads to a certificate does not count. */
export interface LimitSettings {
  /** New accounts of an address, a day. */
  accounts: number;
  /** Orders of an account, a day. */
  orders: number;
  /** Names in orders and pre-authorizations: of an account and of an address, a day. */
  names: number;
  /** Failed validations of a name by an account, an hour. */
  failures: number;
  /** Certificates of exactly the same names, a day. */
  duplicates: number;
  /** Wrong seeds from an address, an hour. */
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

/** Orders that replace one certificate, a day: RFC 9773 §5 allows one, and another when it came to nothing. */
const REPLACEMENTS = 100;

interface Limit {
  /** Of a day or an hour. */
  count: number;
  period: number;
  key: string;
  /** For the client: what there were too many of. */
  what: string;
}

/**
 * RFC 8555 §6.6: keeps one client from using up what is there for all. An honest fleet never meets these limits, however large
 * it is: what leads to a certificate is given back, to its account and its address.
 */
export class Limits {
  constructor(
    private readonly allowances: Allowances,
    private readonly settings: LimitSettings,
    private readonly clock: () => number,
    /** Told of every refusal, by the kind of the limit. */
    private readonly onHit: (limit: string) => void = () => undefined,
  ) {}

  /** @param from address of the client @throws Problem rateLimited */
  async newAccount(from: string): Promise<void> {
    await this.#use([[this.#accountsOf(from), 1]]);
  }

  /** @param replaces certificate identifier of the predecessor, which was checked (RFC 9773 §5) @throws Problem rateLimited */
  async newOrder(
    account: Account,
    identifiers: readonly Identifier[],
    replaces: string | null,
    from: string,
  ): Promise<void> {
    if (replaces !== null) return this.#use([[replacementsOf(replaces), 1]]);
    await this.#refuseHopeless(account, identifiers);
    const duplicates = this.#duplicatesOf(identifiers);
    await this.#check(duplicates);
    await this.#use([[this.#ordersOf(account.id), 1], ...this.#names(account.id, identifiers.length, from)]);
  }

  /** A pre-authorization (RFC 8555 §7.4.1). @throws Problem rateLimited */
  async newAuthorization(account: Account, identifier: Identifier, from: string): Promise<void> {
    await this.#refuseHopeless(account, [identifier]);
    await this.#use(this.#names(account.id, 1, from));
  }

  /** An order has its certificate: what it used of its account's limits is given back. */
  async issued({ accountId, identifiers, replaces }: Order): Promise<void> {
    if (replaces !== null) return;
    await this.#giveBack([
      [this.#ordersOf(accountId), 1],
      [this.#namesOf(accountId, 'by this account'), identifiers.length],
    ]);
    const duplicates = this.#duplicatesOf(identifiers);
    if (duplicates.count > 0) await this.allowances.use(useOf(duplicates, 1), this.clock());
  }

  /** And what it used of those of the address it was finalized from. */
  async issuedTo({ identifiers, replaces }: Order, from: string): Promise<void> {
    const names = this.#namesOf(addressSource(from), 'from this address');
    await this.#giveBack([
      [this.#accountsOf(from), 1],
      [names, replaces === null ? identifiers.length : 0],
    ]);
  }

  /** A validation ended without proof. */
  async failed(accountId: string, identifier: Identifier): Promise<void> {
    const failures = this.#failuresOf(accountId, identifier);
    if (failures.count > 0) await this.allowances.use(useOf(failures, 1), this.clock());
  }

  /** Before a seed is looked at. @throws Problem rateLimited */
  async seed(from: string): Promise<void> {
    await this.#check(this.#seedsOf(from));
  }

  async wrongSeed(from: string): Promise<void> {
    const seeds = this.#seedsOf(from);
    if (seeds.count > 0) await this.allowances.use(useOf(seeds, 1), this.clock());
  }

  /** Names whose validation failed again and again, each in a subproblem (§6.7.1). */
  async #refuseHopeless(account: Account, identifiers: readonly Identifier[]): Promise<void> {
    if (this.settings.failures === 0) return;
    const problems: Problem[] = [];
    for (const identifier of identifiers) {
      const problem = await this.#refusal(this.#failuresOf(account.id, identifier), identifier);
      if (problem !== null) problems.push(problem);
    }
    if (problems.length === 0) return;
    const retryAfter = Math.max(...problems.map(({ options }) => options.retryAfter ?? 0));
    const { type, detail, status, options } = forIdentifiers(problems);
    throw new Problem(type, detail, { ...options, status, retryAfter });
  }

  async #check(limit: Limit): Promise<void> {
    const problem = limit.count > 0 ? await this.#refusal(limit) : null;
    if (problem !== null) throw problem;
  }

  async #refusal(limit: Limit, identifier?: Identifier): Promise<Problem | null> {
    const wait = await this.allowances.wait(useOf(limit, 1), this.clock());
    return wait > 0 ? this.#hit(limit, wait, identifier) : null;
  }

  #hit(limit: Limit, wait: number, identifier?: Identifier): Problem {
    this.onHit(limit.key.split(' ', 1)[0] ?? '');
    return rateLimited(limit, wait, identifier);
  }

  /** All of them or none. */
  async #use(limits: readonly (readonly [Limit, number])[]): Promise<void> {
    const used: (readonly [Limit, number])[] = [];
    for (const [limit, times] of limits) {
      if (limit.count === 0) continue;
      const wait = await this.allowances.use(useOf(limit, times), this.clock());
      if (wait > 0) {
        await this.#giveBack(used);
        throw this.#hit(limit, wait);
      }
      used.push([limit, times]);
    }
  }

  async #giveBack(limits: readonly (readonly [Limit, number])[]): Promise<void> {
    for (const [limit, times] of limits) {
      if (limit.count > 0) await this.allowances.giveBack(useOf(limit, times), this.clock());
    }
  }

  #accountsOf(from: string): Limit {
    const key = `accounts ${addressSource(from)}`;
    return { count: this.settings.accounts, period: DAY, key, what: 'new accounts from this address' };
  }

  #ordersOf(accountId: string): Limit {
    const what = 'orders of this account without a certificate';
    return { count: this.settings.orders, period: DAY, key: `orders ${accountId}`, what };
  }

  #names(accountId: string, count: number, from: string): [Limit, number][] {
    return [
      [this.#namesOf(accountId, 'by this account'), count],
      [this.#namesOf(addressSource(from), 'from this address'), count],
    ];
  }

  #namesOf(whose: string, by: string): Limit {
    const what = `names ordered without a certificate ${by}`;
    return { count: this.settings.names, period: DAY, key: `names ${whose}`, what };
  }

  /** By account, so that nobody keeps the owner of a name from proving it. */
  #failuresOf(accountId: string, identifier: Identifier): Limit {
    const key = `failures ${accountId} ${identifierKey(identifier).replace(':*.', ':')}`;
    const what = `failed validations of "${identifier.value}" by this account`;
    return { count: this.settings.failures, period: HOUR, key, what };
  }

  /** By names alone: a client that loops may make a new account each time. */
  #duplicatesOf(identifiers: readonly Identifier[]): Limit {
    const names = identifiers.map(identifierKey).sort().join(' ');
    const key = `duplicates ${createHash('sha256').update(names).digest('base64url')}`;
    return { count: this.settings.duplicates, period: DAY, key, what: 'certificates of exactly these names' };
  }

  #seedsOf(from: string): Limit {
    const key = `seeds ${addressSource(from)}`;
    return { count: this.settings.seeds, period: HOUR, key, what: 'wrong seeds from this address' };
  }
}

function replacementsOf(replaces: string): Limit {
  const key = `replacements ${replaces}`;
  return { count: REPLACEMENTS, period: DAY, key, what: 'orders that replace this certificate' };
}

function useOf({ key, count, period }: Limit, times: number): Use {
  // An order of more names than a whole day's is let through when nothing was used.
  return { key, amount: Math.ceil((Math.min(times, count) * period) / count), window: period };
}

function rateLimited({ what, count, period }: Limit, wait: number, identifier?: Identifier): Problem {
  const each = period === DAY ? 'a day' : 'an hour';
  return new Problem('rateLimited', `too many ${what}: more than ${count} ${each}`, {
    retryAfter: Math.ceil(wait / 1000),
    ...(identifier && { identifier }),
  });
}
