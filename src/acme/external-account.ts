import { createHmac, timingSafeEqual } from 'node:crypto';
import { Problem } from '../model/problem.js';
import { decodeBase64url } from './jose/base64url.js';
import { isJsonObject, type Json, parseJsonObject } from './jose/json.js';
import { type PublicKey, parseJwk } from './jose/jwk.js';
import { type Jws, readJws, stringMember } from './jose/jws.js';

/** RFC 8555 §7.3.4: the keys that bind accounts, and whether every new account must be bound. */
export interface ExternalAccounts {
  required: boolean;
  /** MAC keys by key id. */
  keys: ReadonlyMap<string, Buffer>;
  /** The MAC key with this id and the id of its node; null when no registered node has that key now. */
  nodeKey?(keyId: string): Promise<{ hmac: Buffer; node: { id: string } } | null>;
}

/** A verified binding, and the node whose key made it. */
interface Binding {
  kid: string;
  jws: unknown;
  nodeId: string | null;
}

/** RFC 7518 §3.2: a key is at least as long as the hash output; this is the length for the shortest hash. */
const MIN_KEY_BYTES = 32;
/** Prefix of the ids of nodes' keys (ra/nodes/keys.ts). */
const NODE_KEY = 'upki-';
const HASHES = new Map<Json | undefined, { hash: string; bytes: number }>([
  ['HS256', { hash: 'sha256', bytes: 32 }],
  ['HS384', { hash: 'sha384', bytes: 48 }],
  ['HS512', { hash: 'sha512', bytes: 64 }],
]);

/** Parses the operator's list: a JSON object from key id to base64url MAC key. @throws RangeError naming the invalid entry */
export function parseExternalAccountKeys(text: string): ReadonlyMap<string, Buffer> {
  let entries: [string, Json][];
  try {
    entries = Object.entries(parseJsonObject(Buffer.from(text), 'the list of external accounts'));
  } catch (error) {
    throw new RangeError(error instanceof Problem ? error.detail : String(error));
  }
  return new Map(
    entries.map(([kid, value]) => {
      const key = typeof value === 'string' ? decodeMacKey(value) : null;
      if (!key || key.length < MIN_KEY_BYTES) {
        throw new RangeError(
          `external account "${kid}": the key must be base64 or base64url of ${MIN_KEY_BYTES} bytes or more`,
        );
      }
      return [kid, key];
    }),
  );
}

/** Decodes a MAC key in base64url, or in base64 with padding and line ends, as `openssl rand -base64` prints it. Else null. */
function decodeMacKey(text: string): Buffer | null {
  const bare = text.replace(/\s+/g, '').replace(/={1,2}$/, '');
  return decodeBase64url(bare.replaceAll('+', '-').replaceAll('/', '_'));
}

/**
 * §7.3.4: verifies the `externalAccountBinding` of a newAccount request signed by `accountKey`.
 * @returns the binding to store; null when the client sent none, or one with an unknown key, and none is required
 */
export async function verifyExternalAccount(
  binding: Json | undefined,
  accounts: ExternalAccounts,
  accountKey: PublicKey,
  newAccountUrl: string,
): Promise<Binding | null> {
  if (binding === undefined || binding === null) {
    if (!accounts.required) return null;
    throw new Problem('externalAccountRequired', 'new accounts must carry an "externalAccountBinding"');
  }
  // Without a list of keys and without the requirement, a binding with another authority's key is ignored, even if it is malformed.
  const unasked = !accounts.required && accounts.keys.size === 0;
  if (unasked && !keyIdOf(binding)?.startsWith(NODE_KEY)) return null;
  if (!isJsonObject(binding)) throw malformed('it is not a JSON object');
  const jws = readJws(binding, '"externalAccountBinding"');
  const kid = requireBindingHeader(jws, newAccountUrl);
  const own = accounts.keys.get(kid);
  const ofNode = own === undefined ? ((await accounts.nodeKey?.(kid)) ?? null) : null;
  requireMac(jws, own ?? ofNode?.hmac);
  requireSameKey(jws, accountKey);
  return { kid, jws: binding, nodeId: ofNode?.node.id ?? null };
}

/** The key id of a binding; null when it cannot be parsed. */
function keyIdOf(binding: Json): string | null {
  try {
    return isJsonObject(binding) ? stringMember(readJws(binding, 'the binding').header, 'kid') : null;
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

/** The protected header: a MAC algorithm, a kid, no nonce, the outer URL. */
function requireBindingHeader({ header }: Jws, newAccountUrl: string): string {
  if (!HASHES.has(header.alg)) {
    throw new Problem('badSignatureAlgorithm', '"externalAccountBinding" wants HS256, HS384 or HS512', {
      algorithms: ['HS256', 'HS384', 'HS512'],
    });
  }
  const kid = stringMember(header, 'kid');
  if (kid === null) throw malformed('its protected header has no "kid"');
  if ('nonce' in header) throw malformed('its protected header has a "nonce"');
  if (header.url !== newAccountUrl) throw malformed('its "url" is not that of the request');
  return kid;
}

function requireMac({ header, signingInput, signature }: Jws, key: Buffer | undefined): void {
  const { hash, bytes } = HASHES.get(header.alg) ?? { hash: 'sha256', bytes: 32 };
  // An unknown key id takes the same path, so the answer does not reveal which ids exist.
  const mac = createHmac(hash, key ?? Buffer.alloc(bytes))
    .update(signingInput)
    .digest();
  const same = signature.length === bytes && timingSafeEqual(mac, signature);
  if (!same || !key) {
    throw new Problem('unauthorized', '"externalAccountBinding" is not signed with a key known here');
  }
}

/** The payload is the account key: the same as the outer `jwk`. */
function requireSameKey({ payload }: Jws, accountKey: PublicKey): void {
  const bound = parseJwk(parseJsonObject(payload, 'the payload of "externalAccountBinding"'));
  if (bound.thumbprint !== accountKey.thumbprint) throw malformed('its payload is not the account key');
}

function malformed(why: string): Problem {
  return new Problem('malformed', `"externalAccountBinding" is refused: ${why}`);
}
