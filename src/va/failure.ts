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

/** A peer's bytes made safe to show: printable ASCII, short. */
export function excerpt(bytes: Uint8Array, most = 60): string {
  const text = Buffer.from(bytes.subarray(0, most))
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '.');
  return `"${text.replaceAll('"', "'")}"${bytes.length > most ? '…' : ''}`;
}

/** The error of a socket, in words. */
export function socketError(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
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
      return `failed (${code ?? 'unknown reason'})`;
  }
}

/** OpenSSL's names of the most common errors, in words. */
const TLS_ERRORS: readonly [code: RegExp, words: string][] = [
  [
    /WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE/,
    'the peer does not speak TLS there',
  ],
  [
    /ALERT_NO_APPLICATION_PROTOCOL|NO_APPLICATION_PROTOCOL/,
    'the peer offers none of the application protocols (ALPN) asked for',
  ],
  [
    /UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION|VERSION_TOO_LOW/,
    'the peer speaks no version of TLS that is spoken here',
  ],
  [/ALERT_UNRECOGNIZED_NAME|UNRECOGNIZED_NAME/, 'the peer does not know the name'],
  [
    /HANDSHAKE_FAILURE|NO_SHARED_CIPHER|NO_CIPHERS/,
    'the peer ends the handshake: no parameters in common, or no certificate for the name',
  ],
  [/ALERT/, 'the peer ends the handshake with an alert'],
];

/** The error of a TLS handshake, in words: OpenSSL's own text names threads and source lines. */
export function tlsError(error: unknown): string {
  const { code = '', reason = '' } = (error ?? {}) as { code?: string; reason?: string };
  if (!/^ERR_(SSL|TLS)_|^EPROTO$/.test(code)) return socketError(error);
  const name = `${code} ${reason}`.toUpperCase().replaceAll(' ', '_');
  const found = TLS_ERRORS.find(([pattern]) => pattern.test(name));
  return found?.[1] ?? 'the peer breaks the protocol';
}
