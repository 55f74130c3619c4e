import type { JsonWebKey } from 'node:crypto';
import { BoundedMap } from '../lib/bounded-map.js';
import type { Account } from '../model/facts.js';
import { Problem } from '../model/problem.js';
import { StoreConflict } from '../store/contract/errors.js';
import type { RaStore } from '../store/contract/ra.js';
import { parsePublicJwk, spkiFingerprint } from '../x509/spki.js';
import { parseContacts } from './contacts.js';
import type { Ids } from './ids.js';
import type { Limits } from './limits/limits.js';
import type { Policy } from './policy.js';

/** Cached accounts; each takes about a kilobyte. */
const CACHE_SIZE = 10_000;

interface NewAccount {
  jwk: JsonWebKey;
  thumbprint: string;
  contact: unknown;
  termsOfServiceAgreed: unknown;
  /** §7.3.4: the binding, already verified by the front end; null when the client sent none. */
  externalAccount: { kid: string; jws: unknown } | null;
  /** The node whose key the binding was made with. */
  nodeId?: string | null;
}

interface AccountsOptions {
  store: RaStore;
  policy: Policy;
  limits: Limits;
  ids: Ids;
  clock(): number;
  /** True when no other process changes accounts. */
  soleRunner: boolean;
  isCompromised(spkiFingerprint: string): boolean;
}

/** RFC 8555 §7.3: accounts, their creation, update, key change and end. */
export class Accounts {
  /**
   * Cached accounts by id, least recently used first; empty if other processes may change accounts. Reads fill it, and every write
   * evicts its account, so that an ended account or a former key is never served again.
   */
  readonly #cache = new BoundedMap<string, Account>(CACHE_SIZE);
  /** The number of evictions. A read during which it rises may be older than a write, and is not cached. */
  #evictions = 0;
  /** SHA-256 of a key's SubjectPublicKeyInfo, by the key's thumbprint (RFC 7638). */
  readonly #fingerprints = new BoundedMap<string, string>(CACHE_SIZE);

  constructor(private readonly options: AccountsOptions) {}

  /** An account in any status: the caller refuses those that are not valid (§7.3.6). */
  async byId(id: string): Promise<Account | null> {
    const cached = this.#cache.use(id);
    if (cached) return cached;
    const evictions = this.#evictions;
    const account = await this.options.store.getAccount(id);
    if (account && evictions === this.#evictions) this.#remember(account);
    return account;
  }

  async byThumbprint(thumbprint: string): Promise<Account | null> {
    return this.options.store.findAccountByThumbprint(thumbprint);
  }

  /** §7.3. For a key that has an account, returns that account, with `created` false. `from` is the client's address, for limits. */
  async create(request: NewAccount, from: string): Promise<{ account: Account; created: boolean }> {
    const { store, policy, limits, ids, clock } = this.options;
    const { jwk, thumbprint, externalAccount, nodeId = null } = request;
    const existing = await store.findAccountByThumbprint(thumbprint);
    if (existing) return { account: existing, created: false };
    const contact = parseContacts(request.contact);
    const agreed = booleanMember('termsOfServiceAgreed', request.termsOfServiceAgreed);
    if (policy.termsRequired && !agreed) {
      throw new Problem(
        'userActionRequired',
        'the terms of service must be agreed to: send "termsOfServiceAgreed": true',
      );
    }
    await limits.newAccount(from);
    const now = clock();
    const created = store.createAccount({
      id: ids.next(now),
      ...{ jwk, thumbprint, contact, externalAccount, nodeId },
      termsAgreedAt: agreed ? now : null,
      createdAt: now,
      deactivatedAt: null,
      revokedAt: null,
    });
    const result = await created.catch((error) => {
      if (!(error instanceof StoreConflict)) throw error;
      throw new Problem('unauthorized', 'the key of the "externalAccountBinding" binds no account any more');
    });
    if (result.created) this.#remember(result.account);
    return result;
  }

  /** §7.3.2: updates the contact and the agreement; the caller ignores other members. */
  async update(
    account: Account,
    change: { contact?: unknown; termsOfServiceAgreed?: unknown },
  ): Promise<Account> {
    const agreed = booleanMember('termsOfServiceAgreed', change.termsOfServiceAgreed);
    const update = {
      ...(change.contact !== undefined && { contact: parseContacts(change.contact) }),
      ...(agreed && { termsAgreedAt: this.options.clock() }),
    };
    if (Object.keys(update).length === 0) return account;
    return found(await this.#written(account.id, this.options.store.updateAccount(account.id, update)));
  }

  /** §7.3.6 */
  async deactivate(account: Account): Promise<Account> {
    const { store, clock } = this.options;
    return found(await this.#written(account.id, store.deactivateAccount(account.id, clock())));
  }

  /** §7.1.2: the server ends the account; null when there is none. */
  stop(id: string): Promise<Account | null> {
    return this.#written(id, this.options.store.revokeAccount(id, this.options.clock()));
  }

  /** Evicts the accounts that are bound to nodes, because some were ended with their node. */
  forgetBound(): void {
    this.#evictions += 1;
    for (const [id, { nodeId }] of this.#cache) if (nodeId !== null) this.#cache.delete(id);
  }

  /** §7.3.5, after both signatures were verified. @throws Problem 409 with `location` from `conflictUrl` when the key is in use */
  async changeKey(
    account: Account,
    next: { jwk: JsonWebKey; thumbprint: string },
    conflictUrl: (accountId: string) => string,
  ): Promise<Account> {
    const change = this.options.store.changeAccountKey(account.id, account.thumbprint, next);
    const { changed, conflict } = await this.#written(account.id, change);
    if (conflict !== null) {
      throw new Problem('malformed', 'the new key is in use by another account', {
        status: 409,
        location: conflictUrl(conflict),
      });
    }
    if (!changed) throw new Problem('unauthorized', 'the old key is no longer the key of this account');
    return { ...account, ...next };
  }

  /** §7.3.3. @throws Problem userActionRequired if the terms changed after this account agreed to them */
  requireCurrentTerms(account: Account): void {
    const changed = this.options.policy.termsChanged;
    if (!changed || (account.termsAgreedAt ?? 0) >= changed.at) return;
    throw new Problem('userActionRequired', 'the terms of service have changed and must be agreed to again', {
      instance: changed.instance,
    });
  }

  /** An account with a compromised key cannot order. It can change the key, revoke, and be deactivated. @throws Problem */
  requireGoodKey(account: Account): void {
    if (!this.options.isCompromised(this.#fingerprintOf(account))) return;
    throw new Problem(
      'badPublicKey',
      "the account's key is known to be compromised; change it (RFC 8555 §7.3.5)",
    );
  }

  /** Deletes at most `limit` accounts created before `before` that never got a certificate; returns the number deleted. */
  async purge(before: number, limit: number): Promise<number> {
    const deleted = await this.options.store.purgeAccounts(before, limit);
    for (const id of deleted) this.#evict(id);
    return deleted.length;
  }

  #fingerprintOf({ jwk, thumbprint }: Account): string {
    const known = this.#fingerprints.use(thumbprint);
    if (known !== undefined) return known;
    const fingerprint = spkiFingerprint(parsePublicJwk(jwk).spki);
    this.#fingerprints.set(thumbprint, fingerprint);
    return fingerprint;
  }

  /** Awaits a write of an account. A write that failed may have changed the account too. */
  async #written<Result>(id: string, write: Promise<Result>): Promise<Result> {
    try {
      return await write;
    } finally {
      this.#evict(id);
    }
  }

  #evict(id: string): void {
    this.#evictions += 1;
    this.#cache.delete(id);
  }

  #remember(account: Account): void {
    if (this.options.soleRunner) this.#cache.set(account.id, account);
  }
}

function found(account: Account | null): Account {
  if (!account) throw new Problem('unauthorized', 'the account is deactivated');
  return account;
}

function booleanMember(name: string, value: unknown): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw new Problem('malformed', `"${name}" must be true or false`);
  return value;
}
