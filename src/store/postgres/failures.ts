import { errorMessage } from '../../lib/error-message.js';
import { StoreConflict, StoreRefused, StoreTooNew, StoreUnavailable } from '../contract/errors.js';

/** SQLSTATEs (PostgreSQL manual, appendix A) of failures that an immediate retry avoids. */
const TRANSIENT = new Set(['40001', '40P01']);

/**
 * Classes about the caller's values: a constraint, or a text with a character that no database text can have.
 */
const CONFLICT = /^23|^22021$/;

/**
 * Classes about the server or the path to it: connection, authorization, missing database, read-only
 * transaction (a standby), rollback, resources (disk full, too many connections), operator intervention and
 * timeouts, locks, I/O.
 */
const UNAVAILABLE = /^(08|28|3D|25006|40|53|55P03|57|58)/;

/** Data or an index cannot be read; retrying does not help. */
const DAMAGED = /^XX00[12]$/;

/**
 * insufficient_privilege, and undefined_table: another program or an administrator changed the role or the schema.
 */
const FORBIDDEN = '42501';
const NO_TABLE = '42P01';

/** Class 42 and invalid_schema_name: the schema does not have uPKI's tables and columns. */
const OTHER_SCHEMA = /^(42|3F)/;

const OWN = [StoreConflict, StoreRefused, StoreTooNew, StoreUnavailable];

export function isTransient(error: unknown): boolean {
  return TRANSIENT.has(sqlState(error) ?? '');
}

/**
 * Whether the other statements of its batch may have caused the failure of a statement: it lost a deadlock, or
 * contradicted an uncommitted row of another.
 */
export function mayDifferAlone(error: unknown): boolean {
  return isTransient(error) || CONFLICT.test(sqlState(error) ?? '');
}

/** Whether the connection may be used again after this error. */
export function leavesConnectionUsable(error: unknown): boolean {
  const state = sqlState(error);
  return state !== null && !/^(08|25006|57P|XX)/.test(state);
}

/**
 * The store's error for an error of the driver. An error that neither the values nor the server caused is a bug, and
 * returned as it is.
 */
export function storeError(error: unknown): Error {
  if (OWN.some((kind) => error instanceof kind)) return error as Error;
  const message = messageOf(error);
  const state = sqlState(error);
  // An error without a state comes from the driver or the socket: refused, reset, timed out.
  if (state === null || UNAVAILABLE.test(state)) return new StoreUnavailable(message, { cause: error });
  if (DAMAGED.test(state)) {
    return new StoreRefused(
      `the database is damaged (${message}): look at it with \`upki store check\`, and restore its last good backup`,
      { cause: error },
    );
  }
  if (state === FORBIDDEN) {
    return new StoreRefused(`${message}: grant it to the user of this database's URL, or use another user`, {
      cause: error,
    });
  }
  if (state === NO_TABLE) {
    return new StoreRefused(
      `${message}: the schema is not as uPKI made it; restore the backup of this database`,
      {
        cause: error,
      },
    );
  }
  if (CONFLICT.test(state)) return new StoreConflict(message, { cause: error });
  return error as Error;
}

/** The store's error while a schema is opened, whose tables may belong to another program. */
export function openingError(error: unknown, schema: string, owner: string): Error {
  const state = OWN.some((kind) => error instanceof kind) ? null : sqlState(error);
  if (state === null || state === FORBIDDEN || !OTHER_SCHEMA.test(state)) return storeError(error);
  return new StoreRefused(`the schema ${schema} is not that of ${owner} (${messageOf(error)})`, {
    cause: error,
  });
}

function sqlState(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  return /^[0-9A-Z]{5}$/.test(error.code) && 'severity' in error ? error.code : null;
}

/** The error of a host with several addresses contains theirs, and has no message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return errorMessage(error);
}
