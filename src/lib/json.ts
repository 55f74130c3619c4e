import { isUtf8 } from 'node:buffer';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** The text is not JSON as RFC 7493 has it; the message says why and where. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** Deeper than any request goes (a binding inside newAccount is 3), far from what exhausts the stack. */
const MAX_DEPTH = 16;

/**
 * Reads I-JSON (RFC 7493): UTF-8, no duplicate member names, no lone surrogates, nothing
 * after the value.
 * @param what names the text in the refusal, such as "the payload".
 * @throws JsonError
 */
export function parseJson(bytes: Uint8Array, what: string): Json {
  if (!isUtf8(bytes)) throw new JsonError(`${what} is not UTF-8`);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return new Reader(text, what).document();
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const HEX4 = /^[0-9a-fA-F]{4}$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

class Reader {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly what: string,
  ) {}

  document(): Json {
    const value = this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail('something follows the JSON value');
    return value;
  }

  private value(depth: number): Json {
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

  private object(depth: number): JsonObject {
    const object: JsonObject = {};
    this.at++;
    if (this.take('}')) return object;
    do {
      this.space();
      if (this.text.charCodeAt(this.at) !== QUOTE) this.fail('a member name is expected');
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

  private array(depth: number): Json[] {
    const array: Json[] = [];
    this.at++;
    if (this.take(']')) return array;
    do array.push(this.value(depth + 1));
    while (this.take(','));
    if (!this.take(']')) this.fail('"," or "]" is expected');
    return array;
  }

  private string(): string {
    const { text } = this;
    const start = ++this.at;
    for (;;) {
      const code = text.charCodeAt(this.at);
      if (code === QUOTE) return text.slice(start, this.at++);
      if (code === BACKSLASH) return this.escapedString(start);
      // NaN (the end of the text) compares false both ways.
      if (!(code >= 0x20)) this.fail('a string is not closed or holds a control character');
      this.at++;
    }
  }

  private escapedString(start: number): string {
    const { text } = this;
    let result = text.slice(start, this.at);
    for (;;) {
      const character = text[this.at++];
      if (character === '"') break;
      if (character === undefined || character < ' ') {
        this.fail('a string is not closed or holds a control character');
      }
      result += character === '\\' ? this.escape() : character;
    }
    if (LONE_SURROGATE.test(result)) this.fail('a string holds half a character');
    return result;
  }

  private escape(): string {
    const letter = this.text[this.at++] ?? '';
    if (letter !== 'u') return ESCAPES[letter] ?? this.fail('a string holds an unknown escape');
    const hex = this.text.slice(this.at, this.at + 4);
    if (!HEX4.test(hex)) this.fail('a string holds an unknown escape');
    this.at += 4;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  private number(): number {
    NUMBER.lastIndex = this.at;
    const [digits] = NUMBER.exec(this.text) ?? this.fail('a value is expected');
    this.at += digits.length;
    return Number(digits);
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
