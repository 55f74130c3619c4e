import { createHmac, timingSafeEqual } from 'node:crypto';
import { type CurveKeyPair, sharedSecret } from './curve-keys.js';

/**
 * ZeroMQ authenticates every connection by its key but does not tell the program which key a message belongs to. A peer
 * therefore introduces each connection, inside its encryption, with its public key and a proof that it has the secret key: an
 * HMAC under the shared secret of the two keys (X25519, RFC 7748 §6.1), which only the two ends can compute.
 */
export function introductionProof(client: CurveKeyPair, serverKey: string): string {
  return proof(sharedSecret(client, serverKey), client.publicKey, serverKey);
}

/** Verifies an introduction at the server; false for an invalid key. */
export function isIntroduction(server: CurveKeyPair, clientKey: string, given: string): boolean {
  let secret: Buffer;
  try {
    secret = sharedSecret(server, clientKey);
  } catch {
    // Not a key, or one whose shared secret is the same for everyone (RFC 7748 §6.1).
    return false;
  }
  const expected = Buffer.from(proof(secret, clientKey, server.publicKey));
  const shown = Buffer.from(given);
  return shown.length === expected.length && timingSafeEqual(shown, expected);
}

function proof(secret: Buffer, clientKey: string, serverKey: string): string {
  const text = `upki-introduction-v1 ${clientKey} ${serverKey}`;
  return createHmac('sha256', secret).update(text).digest('base64url');
}
