import { Problem } from '../model/problem.js';
import { decodeBase64url } from './jose/base64url.js';
import { type JsonObject, parseJsonObject, withoutNulls } from './jose/json.js';

/** RFC 8555 §6.3: whether a request is a POST-as-GET, which has an empty payload; `{}` is not empty. */
export function isPostAsGet(payload: Buffer): boolean {
  return payload.length === 0;
}

/** §6.3, for resources that can only be read. @throws Problem malformed */
export function requirePostAsGet(payload: Buffer): void {
  if (!isPostAsGet(payload)) {
    throw new Problem('malformed', 'this resource is only read: send an empty payload (POST-as-GET)');
  }
}

/** For resources that cannot be read by POST-as-GET. @throws Problem malformed */
export function requireObject(payload: Buffer): JsonObject {
  if (isPostAsGet(payload)) throw new Problem('malformed', 'this resource wants a JSON object as payload');
  return withoutNulls(parseJsonObject(payload, 'the payload'));
}

/** A DER object in base64url (§7.4 `csr`, §7.6 `certificate`). @throws Problem malformed */
export function requireDer(object: JsonObject, name: string): Buffer {
  const text = object[name];
  const bytes = typeof text === 'string' ? decodeBase64url(text) : null;
  if (!bytes || bytes.length === 0) {
    throw new Problem('malformed', `"${name}" is not base64url without padding`);
  }
  return bytes;
}
