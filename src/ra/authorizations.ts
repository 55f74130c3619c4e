import { isIP } from 'node:net';
import type { Account, Authorization, Challenge, ChallengeType, Identifier } from '../model/facts.js';
import { Problem } from '../model/problem.js';
import { accountStatus, authorizationStatus, challengeStatus } from '../model/status.js';
import type { RaStore } from '../store/contract/ra.js';
import { embeddedIpv4, spelledIpv4 } from '../x509/embedded-ipv4.js';
import type { Accounts } from './accounts.js';
import { CurrentNameList } from './name-policy.js';
import type { Policy } from './policy.js';
import type { ValidationQueue } from './queues/validation-queue.js';

interface AuthorizationsOptions {
  store: RaStore;
  validations: Pick<ValidationQueue, 'submit'>;
  accounts: Pick<Accounts, 'byId'>;
  policy: Policy;
  /** Lower-case names and addresses of the RA itself; it never serves a challenge for one of them. */
  ownNames(): readonly string[];
  clock(): number;
}

/** RFC 8555 §7.5: authorizations, their deactivation, and answering challenges. */
export class Authorizations {
  readonly #http01Names: CurrentNameList;

  constructor(private readonly options: AuthorizationsOptions) {
    this.#http01Names = new CurrentNameList(() => options.policy.http01Names);
  }

  /** The authorization, if it is this account's. */
  async get(account: Account, id: string, found = this.find(id)): Promise<Authorization> {
    return owned(account, await found);
  }

  /** An authorization of any account: for administrators, or as the `found` of another method. Null when there is none. */
  find(id: string): Promise<Authorization | null> {
    return this.options.store.getAuthorization(id);
  }

  /** The authorization of a challenge of this type, if it is this account's. */
  async withChallenge(
    account: Account,
    id: string,
    type: ChallengeType,
    found = this.find(id),
  ): Promise<Authorization> {
    const authorization = await this.get(account, id, found);
    findChallenge(authorization, type);
    return authorization;
  }

  /** §7.5.2: deactivates an authorization that is pending or valid; any other state is refused. */
  async deactivate(account: Account, id: string): Promise<Authorization> {
    const authorization = await this.get(account, id);
    const status = authorizationStatus(authorization, this.options.clock());
    if (status === 'deactivated') return authorization;
    if (status !== 'pending' && status !== 'valid') {
      throw new Problem('malformed', `an authorization that is ${status} cannot be deactivated`);
    }
    return owned(account, await this.options.store.deactivateAuthorization(id, this.options.clock()));
  }

  /**
   * §7.5.1: the client's challenge response is in place. Validation starts at once. The reply waits at most the
   * policy's hold for the outcome, so that most clients see `valid` on their first poll.
   */
  async answer(
    account: Account,
    id: string,
    type: ChallengeType,
    found = this.find(id),
  ): Promise<Authorization> {
    const authorization = await this.get(account, id, found);
    const challenge = findChallenge(authorization, type);
    if (challengeStatus(challenge, authorization) !== 'pending') return authorization;
    const status = authorizationStatus(authorization, this.options.clock());
    if (status !== 'pending') {
      throw new Problem(
        'malformed',
        `the authorization is ${status}; its challenges can no longer be answered`,
      );
    }
    const outcome = await this.options.validations.submit(
      authorization,
      type,
      account.thumbprint,
      this.options.policy.challengeHold,
    );
    return outcome ?? owned(account, await this.options.store.getAuthorization(id));
  }

  /**
   * The response for /.well-known/acme-challenge/{token} at this host (a name, or an address in RFC 5952 form), or
   * null. It proves the host for every account that orders it, so only hosts that the operator listed are served, and
   * never the RA's own names.
   */
  async httpChallengeResponse(token: string, host: string): Promise<string | null> {
    const name = host.toLowerCase();
    const identifier: Identifier = { type: isIP(name) === 0 ? 'dns' : 'ip', value: name };
    if (!/^[A-Za-z0-9_-]{22,64}$/.test(token) || !this.#http01Names.get().covers(identifier)) return null;
    if (this.#isOwn(name)) return null;
    const authorization = await this.options.store.findAuthorizationByToken(token);
    if (!authorization || authorization.identifier.value !== name) return null;
    if (authorizationStatus(authorization, this.options.clock()) !== 'pending') return null;
    if (!authorization.challenges.some((challenge) => challenge.type === 'http-01')) return null;
    const account = await this.options.accounts.byId(authorization.accountId);
    if (!account || accountStatus(account) !== 'valid') return null;
    return `${token}.${account.thumbprint}`;
  }

  /** Whether a host is one of the RA's own names or addresses, in any spelling. */
  #isOwn(host: string): boolean {
    const own = new Set(this.options.ownNames().flatMap((each) => [each, ...spelledIpv4(each)]));
    return [host, ...embeddedIpv4(host)].some((each) => own.has(each));
  }
}

function owned(account: Account, authorization: Authorization | null): Authorization {
  if (!authorization) throw new Problem('malformed', 'there is no such authorization', { status: 404 });
  if (authorization.accountId !== account.id) {
    throw new Problem('unauthorized', "this authorization is another account's");
  }
  return authorization;
}

function findChallenge(authorization: Authorization, type: ChallengeType): Challenge {
  const challenge = authorization.challenges.find((candidate) => candidate.type === type);
  if (!challenge) {
    throw new Problem('malformed', `this authorization has no ${type} challenge`, { status: 404 });
  }
  return challenge;
}
