import type { AcmeProfile } from '../model/ca.js';
import type { Account, Authorization, Identifier } from '../model/facts.js';
import { identifierKey, parseIdentifier } from '../model/identifiers.js';
import { Problem } from '../model/problem.js';
import { authorizationStatus } from '../model/status.js';
import type { RaStore } from '../store/contract/ra.js';
import { requireEntitled } from './account-entitlement.js';
import type { Accounts } from './accounts.js';
import type { Ids } from './ids.js';
import type { Limits } from './limits/limits.js';
import type { NamePolicy } from './name-policy.js';
import { newAuthorization, ofAccount } from './new-authorization.js';
import { challengeTypes, isProofFor, type Policy } from './policy.js';

interface PreauthorizationsOptions {
  store: RaStore;
  accounts: Accounts;
  limits: Limits;
  policy: Policy;
  names: NamePolicy;
  ids: Ids;
  clock(): number;
}

/** RFC 8555 §7.4.1: authorizations that a client requests before any order. */
export class Preauthorizations {
  constructor(private readonly options: PreauthorizationsOptions) {}

  /** Creates a pre-authorization. Wildcards cannot be pre-authorized (§7.4.1). */
  async create(account: Account, value: unknown, from: string): Promise<Authorization> {
    this.options.accounts.requireGoodKey(account);
    this.options.accounts.requireCurrentTerms(account);
    const identifier = parseIdentifier(value);
    if (identifier.value.startsWith('*.')) {
      throw new Problem('malformed', 'newAuthz does not take wildcard names (RFC 8555 §7.4.1)', {
        identifier,
      });
    }
    await requireEntitled(this.options, account, [identifier]);
    this.options.names.check([identifier]);
    await this.options.limits.newAuthorization(account, identifier, from);
    const authorization = newAuthorization(this.options, account, {
      orderId: null,
      identifier,
      types: challengeTypes(identifier, this.options.policy.challenges),
      now: this.options.clock(),
      provenBy: null,
    });
    await ofAccount(this.options.store.createAuthorization(authorization));
    return authorization;
  }

  /** Valid pre-authorizations by the identifier they prove. */
  async usable(
    account: Account,
    identifiers: Identifier[],
    profile: AcmeProfile,
    now: number,
  ): Promise<Map<string, Authorization>> {
    const { policy, store } = this.options;
    const found = new Map<string, Authorization>();
    if (!policy.preauthorization) return found;
    for (const authorization of await store.findValidAuthorizations(account.id, identifiers, now)) {
      const usable = authorization.orderId === null && authorizationStatus(authorization, now) === 'valid';
      if (usable && !authorization.wildcard && isProofFor(authorization, profile))
        found.set(identifierKey(authorization.identifier), authorization);
    }
    return found;
  }
}
