import type { TokenUri } from './uri.js';

/** The messages between the main thread and the thread of a token's library. */

/** `absent`: the token is missing or failed, and may work again. `pin`: the PIN was refused. `setup`: the operator must act. */
type TokenTrouble = 'absent' | 'pin' | 'setup';

/** A key in a token could not be used; the message never contains a PIN. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  constructor(
    readonly trouble: TokenTrouble,
    message: string,
  ) {
    super(message);
  }
}

export type TokenKeySpec =
  | { type: 'ec'; curve: 'P-256' | 'P-384' | 'P-521' }
  | { type: 'rsa'; bits: number }
  | { type: 'ed25519' };

export interface KeyPlace {
  uri: TokenUri;
  pin: string | null;
}

export type TokenCall =
  /** DER SubjectPublicKeyInfo of the key, or null when there is none of that name. */
  | { op: 'find'; place: KeyPlace }
  /** Makes a key pair that cannot be extracted. */
  | { op: 'make'; place: KeyPlace; spec: TokenKeySpec; object: string; id: string }
  /** Signature of data; `hash` null: the key digests itself. `spki`: the key it must be. */
  | { op: 'sign'; place: KeyPlace; spki: Uint8Array; hash: string | null; data: Uint8Array };

export interface TokenRequest {
  id: number;
  call: TokenCall;
}

export type TokenReply =
  | { id: number; value: Uint8Array | null }
  | { id: number; trouble: TokenTrouble; message: string };

export interface TokenWorkerData {
  modulePath: string;
}
