import { Purge } from '../lib/purge.js';
import { AccountUses } from './account-uses.js';
import { Accounts } from './accounts.js';
import { Authorizations } from './authorizations.js';
import { Certificates } from './certificates.js';
import { FailureLog } from './failure-log.js';
import { Finalizations } from './finalizations.js';
import { Ids } from './ids.js';
import { NamePolicy } from './name-policy.js';
import { Orders } from './orders.js';
import { Preauthorizations } from './preauthorizations.js';
import { FinalizationQueue } from './queues/finalization-queue.js';
import { ValidationQueue } from './queues/validation-queue.js';
import type { RegistrationAuthorityOptions } from './registration-authority-options.js';
import { RaRetention } from './retention.js';
import { Revocations } from './revocations.js';
import { refusalOfWaiting } from './waiting-orders.js';

/** The interface of the front ends. Methods that take an `account` refuse objects of another account; callers have authenticated it. */
export interface RegistrationAuthority {
  accounts: Accounts;
  uses: AccountUses;
  orders: Orders;
  preauthorizations: Preauthorizations;
  authorizations: Authorizations;
  finalizations: Finalizations;
  certificates: Certificates;
  revocations: Revocations;
  /** Milliseconds since the epoch. */
  clock(): number;
}

/** The RA with its background work: `start` resumes the work of an earlier run, `stop` lets running work finish. */
export interface RunningRegistrationAuthority extends RegistrationAuthority {
  queues(): Record<string, { running: number; waiting: number }>;
  start(): void;
  stop(): Promise<void>;
}

/** Creates the registration authority from its parts. */
export function createRegistrationAuthority(
  options: RegistrationAuthorityOptions,
): RunningRegistrationAuthority {
  const { store, ca, policy, clock, events, soleRunner, limits } = options;
  const ids = new Ids(options.random);
  const failures = new FailureLog(store, ids, clock, events.error);
  const uses = new AccountUses(store, clock, events.error);
  const validations = new ValidationQueue({
    store,
    validator: options.validator,
    policy,
    accountUrls: options.accountUrls,
    ...{ soleRunner, clock, onError: events.error },
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
  });
  const isCompromised = options.isCompromised ?? (() => false);
  const names = new NamePolicy(policy);
  const accounts = new Accounts({ store, policy, limits, ids, clock, soleRunner, isCompromised });
  const finalizations = new FinalizationQueue({
    store,
    ca,
    refusal: (order) => refusalOfWaiting(order, { store, policy, accounts, names, isCompromised }),
    ...{ soleRunner, clock, onError: events.error },
    onOutcome: (order, outcome, detail) => {
      if (outcome === 'issued') limits.issued(order).catch(events.error);
      const { identifiers, accountId } = order;
      if (outcome === 'refused') {
        failures.record({ name: identifiers[0]?.value ?? '', step: 'finalize', accountId, why: detail });
      }
      events.finalization({ order, outcome, detail });
    },
  });
  const preauthorizations = new Preauthorizations({ store, accounts, limits, policy, names, ids, clock });
  const orders = new Orders({
    ...{ store, ca, accounts, preauthorizations, limits, policy, names, failures, ids, clock },
  });
  const retention = new RaRetention({ store, keep: options.keep, accounts });
  const purge = new Purge({
    store,
    remove: (now) => retention.step(now),
    clock,
    onError: events.error,
  });
  const background = [validations.runner, finalizations.runner, purge, uses];
  return {
    accounts,
    uses,
    orders,
    preauthorizations,
    authorizations: new Authorizations({
      ...{ store, validations, accounts, policy, clock },
      ownNames: options.ownNames,
    }),
    finalizations: new Finalizations({
      ...options,
      ...{ accounts, orders, names, failures, isCompromised },
      queue: finalizations,
    }),
    certificates: new Certificates({ store, ca, clock }),
    revocations: new Revocations({ store, ca, clock, audit: options.audit, onRevocation: events.revocation }),
    clock,
    queues: () => ({ validations: validations.runner.depth, finalizations: finalizations.runner.depth }),
    start: () => {
      for (const each of background) each.start();
    },
    stop: async () => {
      await Promise.all(background.map((each) => each.stop()));
    },
  };
}
