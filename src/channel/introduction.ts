import { createHmac, timingSafeEqual } from 'node:crypto';
import { type CurveKeyPair, sharedSecret } from './curve-keys.js';

/**
 * ZeroMQ authenticates every connection by its key but does not tell a program which key a message came by. A peer therefore
 * introduces each connection, inside its encryption, with its public key and a proof that it has the secret one: an HMAC
 * under what the two keys have in common (X25519, RFC 7748 §6.1), which only the two ends can compute.
 */
export function introductionProof(client: CurveKeyPair, serverKey: string): string {
  return proof(sharedSecret(client, serverKey), client.publicKey, serverKey);
}

/** The server's side; false for a key that is none. */
export function isIntroduction(server: CurveKeyPair, clientKey: string, given: string): boolean {
  let secret: Buffer;
  try {
    secret = sharedSecret(server, clientKey);
  } catch {
    // Not a key, or one that has the same secret with everybody (RFC 7748 §6.1).
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
