import { StoreRefused, StoreTooNew } from '../contract/errors.js';
import type { FailureKind } from './protocol.js';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const CORRUPT = 11;
const CONSTRAINT = 19;
const NOT_A_DATABASE = 26;

/** BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL: they speak of the disk, and may pass. */
const UNAVAILABLE = new Set([5, 6, 7, 8, 10, 13, 14, 15]);

/** What an error of a call says: of the caller's values, of the disk, of the file itself, or of us. */
export function failureKind(error: unknown): FailureKind {
  const code = resultCode(error);
  if (code === null) return 'fault';
  if (code === CONSTRAINT) return 'conflict';
  if (code === CORRUPT || code === NOT_A_DATABASE) return 'damaged';
  return UNAVAILABLE.has(code) ? 'unavailable' : 'fault';
}

/** Why a database cannot be opened, and whether trying again may help (`failed`). */
export function openingFailure(error: unknown): { reason: 'tooNew' | 'refused' | 'failed'; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof StoreTooNew) return { reason: 'tooNew', message };
  if (error instanceof StoreRefused) return { reason: 'refused', message };
  if (failureKind(error) === 'damaged') return { reason: 'refused', message: damaged(message) };
  return { reason: 'failed', message };
}

/** What there is to do about a file SQLite cannot make sense of. */
export function damaged(message: string): string {
  return (
    `the database is damaged (${message}): end the program, look at the file with \`upki store check\`, and restore the last ` +
    'backup whose check succeeds'
  );
}

function resultCode(error: unknown): number | null {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : null;
}
