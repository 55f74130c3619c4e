import { isJsonObject, type Json, JsonError, type JsonObject, parseJson as parse } from '../../lib/json.js';
import { Problem } from '../../model/problem.js';

export { isJsonObject, type Json, type JsonObject };

/**
 * Parses I-JSON, which RFC 7515 §4 requires of headers.
 * @param what the name of the text in the refusal, such as "the payload"
 * @throws Problem malformed
 */
export function parseIJson(bytes: Uint8Array, what: string): Json {
  try {
    return parse(bytes, what);
  } catch (error) {
    throw error instanceof JsonError ? new Problem('malformed', error.message) : error;
  }
}

/** As `parseJson`, for a text that must be an object. @throws Problem malformed */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  const value = parseIJson(bytes, what);
  if (!isJsonObject(value)) throw new Problem('malformed', `${what} is not a JSON object`);
  return value;
}

/** Leaves out null members: several clients send null for members that they do not use. */
export function withoutNulls(object: JsonObject): JsonObject {
  if (!Object.values(object).includes(null)) return object;
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}
