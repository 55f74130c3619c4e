import { errorMessage } from '../../lib/error-message.js';
import { fileReason } from '../../lib/file-trouble.js';
import { StoreRefused, StoreTooNew } from '../contract/errors.js';
import type { FailureKind } from './protocol.js';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const CORRUPT = 11;
const CONSTRAINT = 19;
const NOT_A_DATABASE = 26;

/** BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL: they speak of the disk, and may pass. */
const UNAVAILABLE = new Set([5, 6, 7, 8, 10, 13, 14, 15]);

/** Classifies an error: of the caller's values, the disk, the file itself, or our code. */
export function failureKind(error: unknown): FailureKind {
  const code = resultCode(error);
  if (code === null) return 'fault';
  if (code === CONSTRAINT) return 'conflict';
  if (code === CORRUPT || code === NOT_A_DATABASE) return 'damaged';
  return UNAVAILABLE.has(code) ? 'unavailable' : 'fault';
}

/** Why a database cannot be opened, and whether trying again may help (`failed`). The path is not in the message. */
export function openingFailure(
  error: unknown,
  path: string,
): { reason: 'tooNew' | 'refused' | 'failed'; message: string } {
  const message = errorMessage(error);
  if (error instanceof StoreTooNew) return { reason: 'tooNew', message };
  if (error instanceof StoreRefused) return { reason: 'refused', message };
  const trouble = fileReason(error, path);
  if (trouble !== null) return { reason: 'refused', message: trouble };
  if (failureKind(error) === 'damaged') return { reason: 'refused', message: damaged(message) };
  return { reason: 'failed', message };
}

/** The remedy for a file that SQLite cannot read. */
export function damaged(message: string): string {
  return (
    `the database is damaged (${message}): end the program, look at the file with \`upki store check\`, and restore the last ` +
    'backup whose check succeeds'
  );
}

/**
 * An error between two rows has no code from the driver; then its text decides, which SQLite fixes for each
 * code.
 */
const BY_TEXT: readonly [text: RegExp, code: number][] = [
  [/^database disk image is malformed/, CORRUPT],
  [/^file is not a database/, NOT_A_DATABASE],
  [/^database (?:table )?is locked/, 5],
  [/^out of memory/, 7],
  [/^attempt to write a readonly database/, 8],
  [/^disk I\/O error/, 10],
  [/^database or disk is full/, 13],
  [/^unable to open database file/, 14],
  [/^locking protocol/, 15],
  [/constraint failed/, CONSTRAINT],
];

function resultCode(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  const code = 'errcode' in error ? error.errcode : undefined;
  if (typeof code === 'number') return code & 0xff;
  return BY_TEXT.find(([text]) => text.test(error.message))?.[1] ?? null;
}
