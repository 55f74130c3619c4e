import { Purge } from '../lib/purge.js';
import {
  type AcmeProfile,
  CaRefused,
  CaUnavailable,
  type IssueRequest,
  type IssuingCa,
} from '../model/ca.js';
import type { Account, OrderAndAuthorizations } from '../model/facts.js';
import { Problem, RETRY_AFTER } from '../model/problem.js';
import { orderStatus } from '../model/status.js';
import { authorityKeyId, parseCertificate } from '../x509/certificate.js';
import { firstFromPem } from '../x509/pem.js';
import { parsePublicJwk, spkiFingerprint } from '../x509/spki.js';
import { AccountUses } from './account-uses.js';
import { Accounts } from './accounts.js';
import type { RegistrationAuthorityOptions } from './authority-options.js';
import { Authorizations } from './authorizations.js';
import { renewFrom } from './ca/authorities.js';
import { recheckCaa } from './caa-recheck.js';
import { checkCsr } from './csr-rules.js';
import { FailureLog, noting } from './failure-log.js';
import { Ids } from './ids.js';
import { Orders } from './orders.js';
import { checkProofs } from './policy.js';
import { FinalizationQueue, refusal } from './queues/finalization-queue.js';
import { ValidationQueue } from './queues/validation-queue.js';
import { renewalWindow } from './renewal-info.js';
import { RaRetention } from './retention.js';
import { Revocations } from './revocations.js';
import type { RegistrationAuthority } from './service.js';
import { StoredCertificates } from './stored-certificate.js';

/** The RA with its background work: `start` takes up what an earlier run left, `stop` lets running work end. */
export interface RunningRegistrationAuthority extends RegistrationAuthority {
  queues(): Record<string, { running: number; waiting: number }>;
  start(): void;
  stop(): Promise<void>;
  /** The operator ends an account (§7.1.2); null when there is none. */
  stopAccount(id: string): Promise<Account | null>;
  /** Writes down now when accounts were last used. */
  flushUses(): Promise<void>;
  /** The accounts of a node were ended, or what it may have was changed. */
  forgetBoundAccounts(): void;
}

/** Puts the registration authority together. */
export function createRegistrationAuthority(
  options: RegistrationAuthorityOptions,
): RunningRegistrationAuthority {
  const { store, ca, policy, clock, events, soleRunner, limits } = options;
  const isCompromised = options.isCompromised ?? (() => false);
  const ids = new Ids(options.random);
  const failures = new FailureLog(store, ids, clock, events.error);
  const uses = new AccountUses(store, clock, events.error);
  const validations = new ValidationQueue({
    store,
    validator: options.validator,
    policy,
    accountUrls: options.accountUrls,
    soleRunner,
    clock,
    onAttempt: ({ authorization, type, attempts }, result) => {
      const isLast = !result.ok && !(result.retryable && policy.retryDelays[attempts] !== undefined);
      const { accountId, identifier } = authorization;
      if (isLast) limits.failed(accountId, identifier).catch(events.error);
      const name = `${authorization.wildcard ? '*.' : ''}${identifier.value}`;
      if (isLast) failures.record({ name, step: type, accountId, why: result.detail });
      events.validation({
        authorizationId: authorization.id,
        type,
        identifier: authorization.identifier.value,
        attempt: attempts + 1,
        result,
      });
    },
    onError: events.error,
  });
  const finalizations = new FinalizationQueue({
    store,
    ca,
    soleRunner,
    clock,
    onOutcome: (order, outcome, detail) => {
      if (outcome === 'issued') limits.issued(order).catch(events.error);
      const { identifiers, accountId } = order;
      if (outcome === 'refused') {
        failures.record({ name: identifiers[0]?.value ?? '', step: 'finalize', accountId, why: detail });
      }
      events.finalization({ order, outcome, detail });
    },
    onError: events.error,
  });
  const accounts = new Accounts(store, policy, limits, ids, clock, soleRunner);
  const orders = new Orders(store, ca, accounts, limits, policy, ids, clock);
  const authorizations = new Authorizations(store, validations, accounts, policy, options.ownNames, clock);
  const revocations = new Revocations(store, ca, clock, events.revocation, options.audit);
  const certificates = new StoredCertificates();
  const retention = new RaRetention({ store, keep: options.keep, accounts });
  const purge = new Purge({
    takeLease: (holder, now, until) => store.takeLease('purge', holder, now, until),
    remove: (now) => retention.step(now),
    clock,
    onError: events.error,
  });

  /** An account whose key somebody else may have orders nothing more: it can change the key, revoke, and be ended. */
  const requireGoodKey = async ({ jwk }: Account): Promise<void> => {
    if (!isCompromised(spkiFingerprint(parsePublicJwk(jwk).spki))) return;
    throw new Problem(
      'badPublicKey',
      "the account's key is known to be compromised; change it (RFC 8555 §7.3.5)",
    );
  };

  const finalize = async (
    account: Account,
    orderId: string,
    csr: Uint8Array,
    from: string,
  ): Promise<OrderAndAuthorizations> => {
    await options.knowCompromised?.();
    await requireGoodKey(account);
    const { order, authorizations: proofs } = await orders.get(account, orderId);
    const status = orderStatus(order, proofs, clock());
    if (status !== 'ready') {
      // The client was told 503 for this very request: asking again is not a second finalize.
      if (order.finalizeDeferred && order.csr && Buffer.compare(order.csr, csr) === 0) {
        return { order, authorizations: proofs };
      }
      throw new Problem('orderNotReady', `the order is ${status}; only a ready order can be finalized`);
    }
    if (account.nodeId !== null) await orders.requireEntitled(account, order.identifiers);
    const profile = await knownProfile(ca, order.profile);
    checkCsr(csr, order.identifiers, account, isCompromised, profile);
    checkProofs(proofs, profile);
    await recheckCaa(account, proofs, options);
    await checkWithCa(ca, { csr, identifiers: order.identifiers });
    const outcome = await finalizations.submit(order, csr);
    if (outcome instanceof Problem) throw outcome;
    if (outcome === 'issued') {
      await limits.issuedTo(order, from);
      return { order: { ...order, csr, certificateId: order.id }, authorizations: proofs };
    }
    if (outcome === null) throw new Problem('orderNotReady', 'the order was finalized by another request');
    if (outcome === 'deferred') {
      throw new Problem(
        'serverInternal',
        'the certificate authority cannot be reached; the order is kept and will be completed when it is back',
        { status: 503, retryAfter: RETRY_AFTER },
      );
    }
    return orders.get(account, orderId);
  };

  return {
    account: (id) => accounts.byId(id),
    accountByThumbprint: (thumbprint) => accounts.byThumbprint(thumbprint),
    newAccount: (request, from) => accounts.create(request, from),
    noteUse: ({ id }, from) => uses.note(id, from),
    flushUses: () => uses.flush(),
    stopAccount: (id) => accounts.stop(id),
    forgetBoundAccounts: () => accounts.forgetBound(),
    updateAccount: (account, change) => accounts.update(account, change),
    deactivateAccount: (account) => accounts.deactivate(account),
    changeKey: (account, next, conflictUrl) => accounts.changeKey(account, next, conflictUrl),

    newOrder: (account, request, by) =>
      noting(
        requireGoodKey(account).then(() => orders.create(account, request, by)),
        (problem) => failures.refusedOrder(problem, account.id, writtenNames(request.identifiers)),
      ),
    order: (account, id) => orders.get(account, id),
    orders: (account, cursor) => orders.list(account, cursor),
    finalize: (account, orderId, csr, from) =>
      noting(finalize(account, orderId, csr, from), (problem) => {
        if (problem.type === 'badCSR')
          failures.refusedOrder(problem, account.id, [`order ${orderId}`], 'finalize');
      }),

    newAuthorization: (account, identifier, from) => orders.preauthorize(account, identifier, from),
    authorization: (account, id) => authorizations.get(account, id),
    deactivateAuthorization: (account, id) => authorizations.deactivate(account, id),
    answerChallenge: (account, id, type) => authorizations.answer(account, id, type),
    challenge: (account, id, type) => authorizations.withChallenge(account, id, type),
    httpChallengeResponse: (token, host) => authorizations.httpChallengeResponse(token, host),

    certificate: async (account, id) => {
      const stored = await store.getCertificate(id);
      const certificate = stored && certificates.asIssued(stored);
      if (!certificate) throw new Problem('malformed', 'there is no such certificate', { status: 404 });
      if (certificate.accountId !== account.id) {
        throw new Problem('unauthorized', "this certificate is another account's");
      }
      return certificate;
    },
    revoke: (certificate, reason, by, from) => revocations.revoke(certificate, reason, by, from),
    renewalInfo: async (ariId) => {
      const certificate = await store.findCertificateByAriId(ariId);
      if (!certificate) throw new Problem('malformed', 'there is no such certificate', { status: 404 });
      return renewalWindow(certificate, clock(), await replacedFrom(ca, certificate.chain));
    },
    inspectOrder: (id) => store.getOrder(id),
    inspectAuthorization: (id) => store.getAuthorization(id),

    profiles: () => ca.profiles(),
    now: clock,

    queues: () => ({ validations: validations.depth, finalizations: finalizations.depth }),
    start: () => {
      validations.start();
      finalizations.start();
      purge.start();
      uses.start();
    },
    stop: async () => {
      await Promise.all([purge.stop(), validations.stop(), finalizations.stop(), uses.stop()]);
    },
  };
}

/** Of an order that may not be well formed, for people. */
function writtenNames(identifiers: unknown): string[] {
  if (!Array.isArray(identifiers)) return [];
  return identifiers.flatMap((each) => (typeof each?.value === 'string' ? [each.value] : []));
}

/** From when on the certificates of this one's issuer are to be replaced; null: they are not, or the CA cannot be asked. */
async function replacedFrom(ca: IssuingCa, chain: string): Promise<number | null> {
  const all = await ca.authorities?.().catch(() => []);
  if (all === undefined || all.length === 0) return null;
  return renewFrom(authorityKeyId(parseCertificate(firstFromPem('CERTIFICATE', chain))), all);
}

/** Null while the CA is away and has not told it before: it checks the key once more itself. */
async function knownProfile(ca: IssuingCa, name: string): Promise<AcmeProfile | null> {
  try {
    return (await ca.profiles()).find((profile) => profile.name === name) ?? null;
  } catch (error) {
    if (error instanceof CaUnavailable) return null;
    throw error;
  }
}

/** What the CA would refuse is refused while the order can still be finalized with another CSR. @throws Problem */
async function checkWithCa(ca: IssuingCa, request: Pick<IssueRequest, 'csr' | 'identifiers'>): Promise<void> {
  try {
    await ca.check?.(request);
  } catch (error) {
    throw error instanceof CaRefused ? refusal(error) : error;
  }
}
