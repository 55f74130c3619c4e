import type { ValidationErrorType } from './types.js';

/** Why a validation failed, thrown inside this folder and turned into a result by the validator. */
export class ValidationFailure extends Error {
  override readonly name = 'ValidationFailure';
  constructor(
    readonly type: ValidationErrorType,
    readonly detail: string,
    readonly retryable: boolean,
  ) {
    super(detail);
  }
}

/** Bytes of a peer as they may be shown to people: printable ASCII, short. */
export function excerpt(bytes: Uint8Array, most = 60): string {
  const text = Buffer.from(bytes.subarray(0, most))
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '.');
  return `"${text.replaceAll('"', "'")}"${bytes.length > most ? '…' : ''}`;
}

/** What went wrong with a socket, in words. */
export function socketError(error: unknown): string {
  const code = (error as NodeJS.ErrnoException)?.code;
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'connection closed by the peer';
    case 'ETIMEDOUT':
      return 'timed out';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return 'address unreachable';
    default:
      return error instanceof Error ? error.message.slice(0, 120) : 'failed';
  }
}
