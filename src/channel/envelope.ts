import { type ExactJson, JsonError, parseExactJson, stringifyJson } from '../lib/json.js';
import { ChannelRefused, ErrorCode, REFUSAL_KINDS, type RefusalKind, TaskError } from './errors.js';

/**
 * The envelope of the wire contract: requests are `{"TASK","params"}`, answers are `{"EVENT":"ANSWER","DATA"}` or
 * `{"EVENT":"UPKI ERROR","MSG"}`. An answer with `OCTETS` has a second frame: the member of DATA with this name, which would be
 * base64 in the text. Only a request for octets gets such an answer.
 */

interface Request {
  task: string;
  params: { [name: string]: ExactJson };
}

/** The bytes are not a request. The message is the whole error text; it has no code on the wire. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

export function encodeRequest(task: string, params: object): string {
  return stringifyJson({ TASK: task, params });
}

/** @throws BadRequest when the bytes are not a JSON object; TaskError when `params` is not an object. */
export function decodeRequest(bytes: Uint8Array): Request {
  let value: ExactJson;
  try {
    value = parseExactJson(bytes, 'the request');
  } catch (error) {
    if (error instanceof JsonError) throw new BadRequest(`Invalid JSON: ${error.message}`);
    throw error;
  }
  if (!isObject(value)) throw new BadRequest('Invalid JSON: expected an object');
  const task = typeof value.TASK === 'string' ? value.TASK : '';
  const params = value.params ?? {};
  if (!isObject(params)) throw new TaskError(ErrorCode.communication, 'Invalid params: expected an object');
  return { task, params };
}

/** The text of an answer, or its text and its octets. */
export type Answer = string | readonly [text: string, octets: Uint8Array];

export function encodeAnswer(data: unknown): string {
  return stringifyJson({ EVENT: 'ANSWER', DATA: data });
}

/** An answer whose DATA may have one member of octets. */
export function encodeAnswerWithOctets(data: object): Answer {
  for (const [name, octets] of Object.entries(data)) {
    if (!(octets instanceof Uint8Array)) continue;
    return [stringifyJson({ EVENT: 'ANSWER', DATA: { ...data, [name]: undefined }, OCTETS: name }), octets];
  }
  return encodeAnswer(data);
}

/** Sends a TaskError as it is and a BadRequest by its text. Any other error is internal and sent without details. */
export function encodeError(error: unknown): string {
  if (error instanceof TaskError) {
    return stringifyJson({ EVENT: 'UPKI ERROR', MSG: `[${error.code}] ${error.message}`, KIND: error.kind });
  }
  if (error instanceof BadRequest) return stringifyJson({ EVENT: 'UPKI ERROR', MSG: error.message });
  const MSG = `[${ErrorCode.communication}] Internal error`;
  return stringifyJson({ EVENT: 'UPKI ERROR', MSG, KIND: 'retry' });
}

/** DATA of an answer. */
export type AnswerData = ExactJson | { [name: string]: ExactJson | Uint8Array };

/** The answer's DATA. @throws ChannelRefused for an error answer, JsonError when the frames are not an answer */
export function decodeAnswer(bytes: Uint8Array, octets?: Uint8Array): AnswerData {
  const value = parseExactJson(bytes, 'the answer');
  if (isObject(value)) {
    const { EVENT, DATA = null, OCTETS } = value;
    if (EVENT === 'ANSWER' && OCTETS === undefined) return DATA;
    if (EVENT === 'ANSWER' && typeof OCTETS === 'string' && octets !== undefined && isObject(DATA))
      return { ...DATA, [OCTETS]: octets };
    if (value.EVENT === 'UPKI ERROR' && typeof value.MSG === 'string') throw refusal(value.MSG, value.KIND);
  }
  throw new JsonError('neither an answer nor an error');
}

function refusal(text: string, kind: ExactJson | undefined): ChannelRefused {
  const match = /^\[(\d{1,4})\] (.*)$/s.exec(text);
  const message = match?.[2] ?? text;
  return new ChannelRefused(message, match === null ? null : Number(match[1]), refusalKind(message, kind));
}

/** Without a KIND, as from older peers, the kind follows from the message, where the contract fixes its text. */
function refusalKind(message: string, kind: ExactJson | undefined): RefusalKind {
  const known = REFUSAL_KINDS.find((name) => name === kind);
  if (known !== undefined) return known;
  if (message.startsWith('Unknown task: ')) return 'unknownTask';
  return message.startsWith('Certificate not found') ? 'notFound' : 'other';
}

function isObject(value: ExactJson): value is { [name: string]: ExactJson } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
