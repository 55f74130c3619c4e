/**
 * JSON with exact integers. Serial numbers cross the channel as JSON numbers of up to 160 bits, which a double
 * would round; here an integer literal beyond 2^53 is read as a bigint and a bigint is written as digits.
 * Everything else is RFC 8259 as `JSON.parse` and `JSON.stringify` have it.
 */

export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | JsonValue[]
  | { [name: string]: JsonValue };

/** The text is not JSON, or nests deeper than {@link MAX_DEPTH}. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** No task nests deeper than 6; the limit keeps hostile text from exhausting the stack. */
export const MAX_DEPTH = 32;

/** No number in a text without such a run can exceed 2^53, so the built-in parser is exact for it. */
const MAY_BE_BIG = /\d{16}/;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
/** A 160-bit serial has 49 digits; converting digits to a bigint is quadratic, so longer ones are refused. */
const MAX_DIGITS = 64;

/** Parses JSON text. @throws JsonError */
export function parseJson(text: string): JsonValue {
  if (!MAY_BE_BIG.test(text)) {
    if (deeperThan(text, MAX_DEPTH)) throw new JsonError(`nested deeper than ${MAX_DEPTH} levels`);
    try {
      return JSON.parse(text) as JsonValue;
    } catch (error) {
      throw new JsonError((error as Error).message);
    }
  }
  return new Reader(text).document();
}

/** Writes JSON text; members that are `undefined` are left out, bigints become integer literals. */
export function stringifyJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(stringifyJson).join(',')}]`;
  const members: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${stringifyJson(member)}`);
  }
  return `{${members.join(',')}}`;
}

/** Counts brackets outside strings; exact for valid JSON, and invalid JSON is refused by the parser afterwards. */
function deeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  document(): JsonValue {
    const value = this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail('text after the value');
    return value;
  }

  private value(depth: number): JsonValue {
    this.space();
    switch (this.text[this.at]) {
      case '{':
        return this.object(depth + 1);
      case '[':
        return this.array(depth + 1);
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

  private object(depth: number): JsonValue {
    this.enter(depth);
    const object: { [name: string]: JsonValue } = {};
    if (this.take('}')) return object;
    do {
      this.space();
      if (this.text[this.at] !== '"') this.fail('expected a member name');
      const name = this.string();
      if (!this.take(':')) this.fail("expected ':'");
      const value = this.value(depth);
      if (name === '__proto__') {
        Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
      } else object[name] = value;
    } while (this.take(','));
    if (!this.take('}')) this.fail("expected ',' or '}'");
    return object;
  }

  private array(depth: number): JsonValue {
    this.enter(depth);
    const array: JsonValue[] = [];
    if (this.take(']')) return array;
    do array.push(this.value(depth));
    while (this.take(','));
    if (!this.take(']')) this.fail("expected ',' or ']'");
    return array;
  }

  private string(): string {
    const start = this.at;
    let end = start;
    do {
      end = this.text.indexOf('"', end + 1);
      if (end < 0) this.fail('unterminated string');
    } while (this.escaped(end));
    this.at = end + 1;
    try {
      return JSON.parse(this.text.slice(start, this.at)) as string;
    } catch {
      return this.fail('malformed string');
    }
  }

  /** A quote is escaped when an odd number of backslashes precedes it. */
  private escaped(quote: number): boolean {
    let backslashes = 0;
    while (this.text[quote - 1 - backslashes] === '\\') backslashes++;
    return backslashes % 2 === 1;
  }

  private number(): number | bigint {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) return this.fail('expected a value');
    const [literal, fraction, exponent] = match;
    this.at = NUMBER.lastIndex;
    const number = Number(literal);
    if (fraction !== undefined || exponent !== undefined || Number.isSafeInteger(number)) return number;
    if (literal.length > MAX_DIGITS) return this.fail(`an integer of more than ${MAX_DIGITS} digits`);
    return BigInt(literal);
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) return this.fail('expected a value');
    this.at += word.length;
    return value;
  }

  private enter(depth: number): void {
    if (depth > MAX_DEPTH) this.fail(`nested deeper than ${MAX_DEPTH} levels`);
    this.at++;
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

  private fail(what: string): never {
    throw new JsonError(`${what} at character ${this.at}`);
  }
}
