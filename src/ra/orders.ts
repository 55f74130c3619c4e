import type { AcmeProfile, CertificateAuthority } from '../model/ca.js';
import type {
  Account,
  Authorization,
  ChallengeType,
  Identifier,
  Node,
  Order,
  OrderAndAuthorizations,
} from '../model/facts.js';
import { identifierKey, parseIdentifier, parseIdentifiers } from '../model/identifiers.js';
import { Problem } from '../model/problem.js';
import { authorizationStatus } from '../model/status.js';
import { StoreConflict } from '../store/contract/errors.js';
import type { RaStore } from '../store/contract/ra.js';
import { parseCertificate } from '../x509/certificate.js';
import { firstFromPem } from '../x509/pem.js';
import type { Accounts } from './accounts.js';
import { type FailureLog, noting } from './failure-log.js';
import type { Ids } from './ids.js';
import type { Limits } from './limits/limits.js';
import { NamePolicy } from './name-policy.js';
import { requireHeld } from './nodes/entitlement.js';
import { identifiersAmong } from './nodes/node-names.js';
import {
  challengeTypes,
  chooseProfile,
  isAbsent,
  isProofFor,
  orderChallenges,
  type Policy,
  requestedValidity,
} from './policy.js';
import { alreadyReplaced, replacedBy } from './replacements.js';

/** Orders a page of the account's list (RFC 8555 §7.1.2.1). */
const PAGE = 50;

/** The client's JSON values as they are, checked here. */
interface NewOrder {
  identifiers: unknown;
  notBefore?: unknown;
  notAfter?: unknown;
  profile?: unknown;
  replaces?: unknown;
}

interface OrdersOptions {
  store: RaStore;
  ca: Pick<CertificateAuthority, 'profiles' | 'caCertificates'>;
  accounts: Accounts;
  limits: Limits;
  policy: Policy;
  failures: FailureLog;
  ids: Ids;
  clock(): number;
}

interface NewAuthorization {
  orderId: string | null;
  identifier: Identifier;
  /** Challenges it has. */
  types: readonly ChallengeType[];
  now: number;
  provenBy: string | null;
}

/** RFC 8555 §7.4 and §7.1.2.1: new orders and their authorizations, reading and listing. */
export class Orders {
  readonly #names: NamePolicy;

  constructor(private readonly options: OrdersOptions) {
    this.#names = new NamePolicy(options.policy);
  }

  /** The profiles an ACME client may ask for. */
  profiles(): Promise<AcmeProfile[]> {
    return this.options.ca.profiles();
  }

  /**
   * §7.4, RFC 9773 §5 for `replaces`. `node` is the node whose certificate the client has proved to hold: its
   * names need no challenge. `from` is the client's address, for limits.
   */
  create(
    account: Account,
    request: NewOrder,
    by: { node: Node | null; from: string },
  ): Promise<OrderAndAuthorizations> {
    return noting(this.#create(account, request, by), (problem) =>
      this.options.failures.refusedOrder(problem, account.id, writtenNames(request.identifiers)),
    );
  }

  async #create(
    account: Account,
    request: NewOrder,
    { node, from }: { node: Node | null; from: string },
  ): Promise<OrderAndAuthorizations> {
    this.options.accounts.requireGoodKey(account);
    this.options.accounts.requireCurrentTerms(account);
    const identifiers = parseIdentifiers(request.identifiers, this.options.policy.maxIdentifiers);
    const owner = await this.requireEntitled(account, identifiers);
    this.#names.check(identifiers);
    const fallback = owner?.profile ?? this.options.policy.defaultProfile;
    const profile = chooseProfile(request.profile, await this.options.ca.profiles(), fallback);
    if (owner && profile.name !== owner.profile) {
      throw new Problem('invalidProfile', `node "${owner.cn}" has profile "${owner.profile}"`);
    }
    const now = this.options.clock();
    const issuerEnd = isAbsent(request.notAfter) ? undefined : await this.#issuerEnd();
    const validity = requestedValidity(request, profile, now, issuerEnd);
    const replaces = await replacedBy(this.options.store, account, request.replaces, identifiers, now);

    await this.options.limits.newOrder(account, identifiers, replaces, from);

    const id = this.options.ids.next(now);
    const reusable = await this.#preauthorized(account, identifiers, profile, now);
    // A node proves its names by its certificate, or, where challenges are waived, by an account bound to it.
    const prover = node ?? (owner?.challengesWaived ? owner : null);
    const proven = new Set(identifiersAmong(prover?.names ?? []).map(identifierKey));
    const fresh: Authorization[] = [];
    const authorizations = identifiers.map((identifier) => {
      const key = identifierKey(identifier);
      const existing = reusable.get(key);
      if (existing) return existing;
      const provenBy = prover && proven.has(key) ? prover.id : null;
      const types =
        provenBy === null ? orderChallenges(identifier, this.options.policy.challenges, profile) : [];
      const authorization = this.#authorization(account, { orderId: id, identifier, types, now, provenBy });
      fresh.push(authorization);
      return authorization;
    });
    const order: Order = {
      id,
      accountId: account.id,
      identifiers,
      authorizationIds: authorizations.map((authorization) => authorization.id),
      profile: profile.name,
      ...validity,
      replaces,
      createdAt: now,
      expiresAt: Math.min(
        now + this.options.policy.orderLifetime,
        ...authorizations.map((each) => each.expiresAt),
      ),
      csr: null,
      finalizeDeferred: false,
      error: null,
      certificateId: null,
    };
    if (!(await ofAccount(this.options.store.createOrder(order, fresh)))) throw alreadyReplaced();
    return { order, authorizations };
  }

  /**
   * An account bound to a node (§7.3.4) may order what the node may have at this moment and nothing else.
   * Where bindings are required, an unbound account may order nothing. Resolves with the node, or null.
   * @throws Problem rejectedIdentifier with a subproblem for each name that is not the node's
   */
  async requireEntitled(account: Account, identifiers: readonly Identifier[]): Promise<Node | null> {
    if (account.nodeId === null) {
      if (!this.options.policy.bindingRequired || account.externalAccount !== null) return null;
      throw new Problem(
        'externalAccountRequired',
        'this account has no external account binding: register one that has',
      );
    }
    const node = await this.options.store.getNodeById(account.nodeId);
    if (!node || node.removingAt !== null)
      throw new Problem('unauthorized', 'the node of this account was removed');
    requireHeld(node, identifiers);
    return node;
  }

  /** The order, if it is this account's. */
  async get(account: Account, id: string, read = this.find(id)): Promise<OrderAndAuthorizations> {
    const found = await read;
    if (!found) throw new Problem('malformed', 'there is no such order', { status: 404 });
    if (found.order.accountId !== account.id)
      throw new Problem('unauthorized', "this order is another account's");
    return found;
  }

  /** Any account's order, for an administrator, or to be given to `get`; null when there is none. */
  find(id: string): Promise<OrderAndAuthorizations | null> {
    return this.options.store.getOrder(id);
  }

  /** §7.1.2.1: newest first; the cursor is the last id of the page before. */
  async list(account: Account, cursor: string | null): Promise<{ ids: string[]; next: string | null }> {
    if (cursor !== null && !/^[0-9a-f]{1,64}$/.test(cursor)) {
      throw new Problem('malformed', '"cursor" is not one this server gave out');
    }
    const ids = await this.options.store.listOrderIds(account.id, {
      after: cursor,
      limit: PAGE + 1,
      now: this.options.clock(),
    });
    const page = ids.slice(0, PAGE);
    return { ids: page, next: ids.length > PAGE ? (page.at(-1) ?? null) : null };
  }

  /** §7.4.1: an authorization ahead of any order. Wildcards cannot be pre-authorized. */
  async preauthorize(account: Account, value: unknown, from: string): Promise<Authorization> {
    this.options.accounts.requireCurrentTerms(account);
    const identifier = parseIdentifier(value);
    if (identifier.value.startsWith('*.')) {
      throw new Problem('malformed', 'newAuthz does not take wildcard names (RFC 8555 §7.4.1)', {
        identifier,
      });
    }
    await this.requireEntitled(account, [identifier]);
    this.#names.check([identifier]);
    await this.options.limits.newAuthorization(account, identifier, from);
    const authorization = this.#authorization(account, {
      orderId: null,
      identifier,
      types: challengeTypes(identifier, this.options.policy.challenges),
      now: this.options.clock(),
      provenBy: null,
    });
    await ofAccount(this.options.store.createAuthorization(authorization));
    return authorization;
  }

  #authorization(
    account: Account,
    { orderId, identifier, types, now, provenBy }: NewAuthorization,
  ): Authorization {
    const wildcard = identifier.value.startsWith('*.');
    const token = this.options.ids.token();
    return {
      id: this.options.ids.next(now),
      accountId: account.id,
      orderId,
      identifier: wildcard ? { type: 'dns', value: identifier.value.slice(2) } : identifier,
      wildcard,
      createdAt: now,
      expiresAt: now + this.options.policy.orderLifetime,
      deactivatedAt: null,
      revokedAt: null,
      provenBy,
      // §7.1.4: a valid authorization shows the challenge that was validated; here there is none.
      challenges: types.map((type) => ({
        type,
        token,
        answeredAt: null,
        validatedAt: null,
        failedAt: null,
        error: null,
      })),
    };
  }

  /** Valid pre-authorizations by the identifier they prove. */
  async #preauthorized(
    account: Account,
    identifiers: Identifier[],
    profile: AcmeProfile,
    now: number,
  ): Promise<Map<string, Authorization>> {
    const found = new Map<string, Authorization>();
    if (!this.options.policy.preauthorization) return found;
    for (const authorization of await this.options.store.findValidAuthorizations(
      account.id,
      identifiers,
      now,
    )) {
      const usable = authorization.orderId === null && authorizationStatus(authorization, now) === 'valid';
      if (usable && !authorization.wildcard && isProofFor(authorization, profile))
        found.set(identifierKey(authorization.identifier), authorization);
    }
    return found;
  }

  /** When the certificate of the issuer in use ends. @throws CaUnavailable */
  async #issuerEnd(): Promise<number> {
    const { root, chain } = await this.options.ca.caCertificates();
    return parseCertificate(firstFromPem('CERTIFICATE', chain || root)).notAfter;
  }
}

/** The names of an order that may be malformed, for people. */
function writtenNames(identifiers: unknown): string[] {
  if (!Array.isArray(identifiers)) return [];
  return identifiers.flatMap((each) => (typeof each?.value === 'string' ? [each.value] : []));
}

/** The account may have been purged since the request was verified. */
async function ofAccount<T>(creation: Promise<T>): Promise<T> {
  try {
    return await creation;
  } catch (error) {
    if (!(error instanceof StoreConflict)) throw error;
    throw new Problem('accountDoesNotExist', 'this account is gone; make a new one');
  }
}
