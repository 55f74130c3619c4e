import { isUtf8 } from 'node:buffer';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** JSON with exact integers: those beyond 2^53 are bigints. */
export type ExactJson =
  | null
  | boolean
  | number
  | bigint
  | string
  | ExactJson[]
  | { [name: string]: ExactJson };

/** The text is not JSON as RFC 7493 has it; the message says why and where. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** Deeper than any request (a binding inside newAccount has 3 levels, a task 6), and far below what exhausts the stack. */
export const MAX_DEPTH = 16;
/** A 160-bit serial has 49 digits; converting digits to a bigint is quadratic, so longer integers are refused. */
const MAX_DIGITS = 64;

/**
 * Reads I-JSON (RFC 7493): UTF-8, no duplicate member names, no lone surrogates, nothing
 * after the value.
 * @param what names the text in the refusal, such as "the payload".
 * @throws JsonError
 */
export function parseJson(bytes: Uint8Array, what: string): Json {
  return new Reader(textOf(bytes, what), what, false).document() as Json;
}

/**
 * As `parseJson`, but an integer beyond 2^53 is read as a bigint: serial numbers cross the channel as JSON numbers of up to 160 bits,
 * which a double would round.
 * @throws JsonError
 */
export function parseExactJson(bytes: Uint8Array, what: string): ExactJson {
  return new Reader(textOf(bytes, what), what, true).document();
}

/** Printable ASCII without quotation mark and backslash, which JSON has as it is (RFC 8259 §7). */
const AS_IT_IS = /^[ !#-[\]-~]*$/;

/** As JSON.stringify does, in half the time for the base64 of a CRL, and a third for a short text. */
function quoted(text: string): string {
  return AS_IT_IS.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** Writes JSON text: members that are `undefined` are left out, bigints become integer literals. */
export function stringifyJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(stringifyJson).join(',')}]`;
  const members: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) members.push(`${quoted(name)}:${stringifyJson(member)}`);
  }
  return `{${members.join(',')}}`;
}

/** The value of JSON text as `JSON.parse` reads it; null when the text is not JSON. */
export function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function textOf(bytes: Uint8Array, what: string): string {
  if (!isUtf8(bytes)) throw new JsonError(`${what} is not UTF-8`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const NUMBER = /(-?(?:0|[1-9]\d*))((?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
/** The rest of a string up to its end, an escape or a control character (RFC 8259 §7). Matches always. */
const PLAIN = /[ !#-[\]-\uffff]*/y;
const LONE_SURROGATE = /\p{Surrogate}/u;

class Reader {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly what: string,
    private readonly exact: boolean,
  ) {}

  document(): ExactJson {
    const value = this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail('something follows the JSON value');
    return value;
  }

  private value(depth: number): ExactJson {
    if (depth > MAX_DEPTH) this.fail(`it is nested deeper than ${MAX_DEPTH} levels`);
    this.space();
    switch (this.text[this.at]) {
      case '{':
        return this.object(depth);
      case '[':
        return this.array(depth);
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private object(depth: number): ExactJson {
    const object: { [name: string]: ExactJson } = {};
    this.at++;
    if (this.take('}')) return object;
    do {
      this.space();
      if (this.text[this.at] !== '"') this.fail('a member name is expected');
      const name = this.string();
      if (Object.hasOwn(object, name)) this.fail(`the member "${name.slice(0, 40)}" appears twice`);
      if (!this.take(':')) this.fail('":" is expected');
      const value = this.value(depth + 1);
      if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true });
      else object[name] = value;
    } while (this.take(','));
    if (!this.take('}')) this.fail('"," or "}" is expected');
    return object;
  }

  private array(depth: number): ExactJson[] {
    const array: ExactJson[] = [];
    this.at++;
    if (this.take(']')) return array;
    do array.push(this.value(depth + 1));
    while (this.take(','));
    if (!this.take(']')) this.fail('"," or "]" is expected');
    return array;
  }

  private string(): string {
    const start = this.at + 1;
    PLAIN.lastIndex = start;
    PLAIN.test(this.text);
    const end = PLAIN.lastIndex;
    if (this.text[end] !== '"') return this.escapedString();
    this.at = end + 1;
    // Text that was read from UTF-8 holds no half character: only an escape can spell one.
    return this.text.slice(start, end);
  }

  private escapedString(): string {
    const start = this.at;
    let end = start;
    do {
      end = this.text.indexOf('"', end + 1);
      if (end < 0) this.fail('a string is not closed');
    } while (this.isEscaped(end));
    this.at = end + 1;
    const value = this.unquoted(this.text.slice(start, this.at));
    if (LONE_SURROGATE.test(value)) this.fail('a string holds half a character');
    return value;
  }

  /** A quote is escaped when an odd number of backslashes precedes it. */
  private isEscaped(quote: number): boolean {
    let backslashes = 0;
    while (this.text[quote - 1 - backslashes] === '\\') backslashes++;
    return backslashes % 2 === 1;
  }

  private unquoted(literal: string): string {
    try {
      return JSON.parse(literal) as string;
    } catch {
      return this.fail('a string holds a control character or an unknown escape');
    }
  }

  private number(): number | bigint {
    NUMBER.lastIndex = this.at;
    const [literal, integer = '', rest] = NUMBER.exec(this.text) ?? this.fail('a value is expected');
    this.at += literal.length;
    const number = Number(literal);
    if (!this.exact || rest !== '' || Number.isSafeInteger(number)) return number;
    if (integer.length > MAX_DIGITS) this.fail(`an integer has more than ${MAX_DIGITS} digits`);
    return BigInt(integer);
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fail('a value is expected');
    this.at += word.length;
    return value;
  }

  private take(character: string): boolean {
    this.space();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  private fail(why: string): never {
    throw new JsonError(`${this.what} is not JSON as RFC 7493 has it: ${why} (at ${this.at})`);
  }
}
