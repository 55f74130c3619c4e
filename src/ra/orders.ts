import type { AcmeProfile, CertificateAuthority } from '../model/ca.js';
import type { Account, Authorization, Node, Order, OrderAndAuthorizations } from '../model/facts.js';
import { identifierKey, parseIdentifiers } from '../model/identifiers.js';
import { Problem } from '../model/problem.js';
import type { RaStore } from '../store/contract/ra.js';
import { parseCertificate } from '../x509/certificate.js';
import { firstFromPem } from '../x509/pem.js';
import { requireEntitled } from './account-entitlement.js';
import type { Accounts } from './accounts.js';
import { type FailureLog, noting } from './failure-log.js';
import type { Ids } from './ids.js';
import type { Limits } from './limits/limits.js';
import type { NamePolicy } from './name-policy.js';
import { newAuthorization, ofAccount } from './new-authorization.js';
import { identifiersAmong } from './nodes/node-names.js';
import { chooseProfile, isAbsent, orderChallenges, type Policy, requestedValidity } from './policy.js';
import type { Preauthorizations } from './preauthorizations.js';
import { alreadyReplaced, replacedBy } from './replacements.js';

/** Orders on a page of the account's list (RFC 8555 §7.1.2.1). */
const PAGE = 50;

/** The client's JSON values, not yet checked. */
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
  preauthorizations: Pick<Preauthorizations, 'usable'>;
  limits: Limits;
  policy: Policy;
  names: NamePolicy;
  failures: FailureLog;
  ids: Ids;
  clock(): number;
}

/** RFC 8555 §7.4 and §7.1.2.1: new orders with their authorizations, reading and listing. */
export class Orders {
  constructor(private readonly options: OrdersOptions) {}

  /** The profiles that an ACME client may request. */
  profiles(): Promise<AcmeProfile[]> {
    return this.options.ca.profiles();
  }

  /**
   * §7.4, and RFC 9773 §5 for `replaces`. `node` is the node whose client certificate the request has; its names need
   * no challenge. `from` is the client's address, for limits.
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
    const owner = await requireEntitled(this.options, account, identifiers);
    this.options.names.check(identifiers);
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
    const reusable = await this.options.preauthorizations.usable(account, identifiers, profile, now);
    // A node proves its names by its certificate. If its challenges are waived, a bound account proves them too.
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
      const authorization = newAuthorization(this.options, account, {
        ...{ orderId: id, identifier, types, now, provenBy },
      });
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
      // A certificate that would have ended is never issued.
      expiresAt: Math.min(
        now + this.options.policy.orderLifetime,
        validity.notAfter ?? Number.POSITIVE_INFINITY,
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

  /** The order, if it is this account's. */
  async get(account: Account, id: string, read = this.find(id)): Promise<OrderAndAuthorizations> {
    const found = await read;
    if (!found) throw new Problem('malformed', 'there is no such order', { status: 404 });
    if (found.order.accountId !== account.id)
      throw new Problem('unauthorized', "this order is another account's");
    return found;
  }

  /** An order of any account, for administrators or for `get`; null when there is none. */
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

  /** When the certificate of the issuer in use ends. @throws CaUnavailable */
  async #issuerEnd(): Promise<number> {
    const { root, chain } = await this.options.ca.caCertificates();
    return parseCertificate(firstFromPem('CERTIFICATE', chain || root)).notAfter;
  }
}

/** The names of an order that may be malformed, for the failure log. */
function writtenNames(identifiers: unknown): string[] {
  if (!Array.isArray(identifiers)) return [];
  return identifiers.flatMap((each) => (typeof each?.value === 'string' ? [each.value] : []));
}
