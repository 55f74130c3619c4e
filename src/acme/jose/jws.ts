import { Problem } from '../../model/problem.js';
import { ALGORITHMS, type Algorithm, isAlgorithm, verifyJwsSignature } from './algorithms.js';
import { decodeBase64url } from './base64url.js';
import { type Json, type JsonObject, parseJsonObject, withoutNulls } from './json.js';
import type { PublicKey } from './jwk.js';

/** A JWS in flattened JSON serialisation (RFC 7515 §7.2.2), parsed but not verified. */
export interface Jws {
  header: JsonObject;
  payload: Buffer;
  /** RFC 7515 §5.1 step 8: the text that is signed. */
  signingInput: string;
  signature: Buffer;
}

/** Parses a JWS by RFC 8555 §6.2: flattened, one signature, only protected headers. @throws Problem malformed */
export function parseJws(body: Uint8Array): Jws {
  return readJws(parseJsonObject(body, 'the request body'), 'the JWS');
}

/** As `parseJws`, for a JWS in the payload of another (§7.3.4, §7.3.5). Null members are absent. @throws Problem malformed */
export function readJws(object: JsonObject, what: string): Jws {
  const jws = withoutNulls(object);
  if ('signatures' in jws)
    throw malformed(`${what} is in general serialisation; the flattened one is wanted`);
  if ('header' in jws) throw malformed(`${what} has an unprotected header`);
  const { bytes: headerBytes, text: protectedText } = part(jws, 'protected', what);
  const { bytes: payload, text: payloadText } = part(jws, 'payload', what);
  const { bytes: signature } = part(jws, 'signature', what);
  const header = withoutNulls(parseJsonObject(headerBytes, `the protected header of ${what}`));
  // §6.2 forbids RFC 7797's unencoded payload, and no extension is supported (RFC 7515 §4.1.11).
  if ('b64' in header) throw malformed(`${what} has "b64" in its header`);
  if ('crit' in header) throw malformed(`${what} has critical header members that are not understood`);
  return { header, payload, signature, signingInput: `${protectedText}.${payloadText}` };
}

/** §6.2: `none`, MACs and unknown algorithms are refused; the problem lists the accepted ones. */
export function signatureAlgorithm({ header }: Jws): Algorithm {
  const { alg } = header;
  if (typeof alg !== 'string') throw malformed('the protected header has no "alg"');
  if (!isAlgorithm(alg)) {
    throw badAlgorithm(`"${alg.slice(0, 40)}" is not an accepted signature algorithm`, [...ALGORITHMS]);
  }
  return alg;
}

/** Whether the signature is the key's, with the key's algorithm. */
export function isSignedWith(jws: Jws, { algorithm, key }: PublicKey): boolean {
  return (
    signatureAlgorithm(jws) === algorithm &&
    verifyJwsSignature(algorithm, key, jws.signingInput, jws.signature)
  );
}

/** RFC 7515 §5.2. @throws Problem badSignatureAlgorithm if the key has another algorithm, malformed if the signature is wrong */
export function verifyJws(jws: Jws, { algorithm, key }: PublicKey): void {
  const alg = signatureAlgorithm(jws);
  if (alg !== algorithm) throw badAlgorithm(`this key signs with ${algorithm}, not ${alg}`, [algorithm]);
  if (!verifyJwsSignature(algorithm, key, jws.signingInput, jws.signature)) {
    throw malformed('the JWS signature does not verify');
  }
}

/** A header member that must be a string if present. */
export function stringMember(header: JsonObject, name: string): string | null {
  const value: Json | undefined = header[name];
  if (value === undefined) return null;
  if (typeof value !== 'string') throw malformed(`"${name}" in the protected header is not a string`);
  return value;
}

function part(jws: JsonObject, name: string, what: string): { text: string; bytes: Buffer } {
  const text = jws[name];
  const bytes = typeof text === 'string' ? decodeBase64url(text) : null;
  if (typeof text !== 'string' || !bytes) {
    throw malformed(`"${name}" of ${what} is not base64url without padding`);
  }
  return { text, bytes };
}

function malformed(detail: string): Problem {
  return new Problem('malformed', detail);
}

function badAlgorithm(detail: string, algorithms: string[]): Problem {
  return new Problem('badSignatureAlgorithm', detail, { algorithms });
}
