import type { Logger } from 'pino';
import type { RaEvents } from '../../ra/events.js';
import type { NodeEvents } from '../../ra/nodes/registration.js';
import { StoreUnavailable } from '../../store/contract/errors.js';

/**
 * Logs the RA's events: successful validations at debug, everything else at info or above.
 * @param away reports that background work waits for the database
 */
export function logEvents(log: Logger, away: (error: Error, sentence: string) => void): RaEvents {
  return {
    validation: ({ authorizationId, type, identifier, attempt, result }) => {
      const facts = { authorizationId, type, identifier, attempt, attempts: result.attempts };
      if (result.ok) log.debug(facts, 'validation succeeded');
      else log.info({ ...facts, problem: result.type, detail: result.detail }, 'validation failed');
    },
    finalization: ({ order, outcome, detail }) => {
      const names = order.identifiers.map(({ value }) => value);
      const level = outcome === 'refused' || outcome === 'deferred' ? 'warn' : 'info';
      log[level]({ orderId: order.id, accountId: order.accountId, names, detail }, `finalize: ${outcome}`);
    },
    revocation: (facts) => log.info(facts, 'certificate revoked'),
    error: (error) => {
      if (error instanceof StoreUnavailable) away(error, 'background work waits for the database');
      else log.error({ err: error }, 'background work failed');
    },
  };
}

/** Logs the events of nodes. */
export function logNodeEvents(log: Logger): NodeEvents {
  return {
    registered: (facts) => log.info(facts, 'node registered'),
    enrolled: (facts) => log.info(facts, 'node enrolled'),
    removed: (facts) => log.info(facts, 'node removed'),
  };
}
