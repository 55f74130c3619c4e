import type { ValidationErrorType } from './types.js';

/** A failed validation, thrown inside this folder; the validator returns it as a result. */
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

/** A short printable ASCII excerpt of a peer's bytes. */
export function excerpt(bytes: Uint8Array, most = 60): string {
  const text = Buffer.from(bytes.subarray(0, most))
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '.');
  return `"${text.replaceAll('"', "'")}"${bytes.length > most ? '…' : ''}`;
}

const SOCKET_ERRORS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection closed by the peer',
  EPIPE: 'connection closed by the peer',
  ETIMEDOUT: 'timed out',
  EHOSTUNREACH: 'address unreachable',
  ENETUNREACH: 'address unreachable',
  EADDRNOTAVAIL: 'address unreachable',
};

/** Describes the error of a socket. */
export function socketError(error: unknown): string {
  const { code = 'unknown reason' } = (error ?? {}) as NodeJS.ErrnoException;
  return SOCKET_ERRORS[code] ?? `failed (${code})`;
}

/** Descriptions of OpenSSL's most common errors. */
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

/** Describes the error of a TLS handshake; OpenSSL's own text has thread ids and source lines. */
export function tlsError(error: unknown): string {
  const { code = '', reason = '' } = (error ?? {}) as { code?: string; reason?: string };
  if (!/^ERR_(SSL|TLS)_|^EPROTO$/.test(code)) return socketError(error);
  const name = `${code} ${reason}`.toUpperCase().replaceAll(' ', '_');
  const found = TLS_ERRORS.find(([pattern]) => pattern.test(name));
  return found?.[1] ?? 'the peer breaks the protocol';
}
