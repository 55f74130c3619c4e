import { isJsonObject, type Json, JsonError, type JsonObject, parseJson as parse } from '../../lib/json.js';
import { Problem } from '../../model/problem.js';

export { isJsonObject, type Json, type JsonObject };

/**
 * I-JSON, which RFC 7515 §4 points at for headers.
 * @param what names the text in the refusal, such as "the payload".
 * @throws Problem malformed
 */
export function parseIJson(bytes: Uint8Array, what: string): Json {
  try {
    return parse(bytes, what);
  } catch (error) {
    throw error instanceof JsonError ? new Problem('malformed', error.message) : error;
  }
}

/** Like `parseJson`, for texts that must be an object. @throws Problem malformed */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  const value = parseIJson(bytes, what);
  if (!isJsonObject(value)) throw new Problem('malformed', `${what} is not a JSON object`);
  return value;
}
