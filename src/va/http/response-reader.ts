/** A response that cannot be read. The message repeats nothing that the peer sent. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
}

/**
 * Limit of the body in octets. A key authorization has fewer than 200; more is read only to report the
 * length.
 */
export const MAX_BODY = 16 * 1024;
/** Limit of status lines and header fields in octets, those of interim responses included. */
const MAX_HEAD = 16 * 1024;
/** Limit of the octets that frame the chunks of a body. */
const MAX_FRAMING = 64 * 1024;
/** Limit of empty lines before a response. */
const MAX_BLANK = 4;

const STATUS_LINE = /^HTTP\/1\.\d {1,8}(\d{3})(?: |$)/;
/** Some devices pad the length with zeros. */
const CHUNK_LINE = /^([0-9a-f]{1,16})[ \t]*(?:;|$)/i;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const NO_BODY: readonly number[] = [204, 205, 304];
const LF = 10;

/** The used fields, with all values of a repeated one. */
interface Fields {
  'content-length': string[];
  'transfer-encoding': string[];
  location: string[];
}

type Phase = 'status' | 'fields' | 'sized' | 'chunk-size' | 'chunk' | 'chunk-end' | 'until-close' | 'done';

/**
 * Reads one response to a GET (RFC 9112). It accepts what the small servers of devices send: lines that end
 * in a bare LF (§2.2), blanks before a colon (§5.1), folded fields (§5.2), a repeated equal Content-Length
 * (RFC 9110 §8.6), and HTTP/1.0 bodies that end with the connection. Different lengths are refused. Each
 * octet is read once, and memory is bounded.
 */
export class ResponseReader {
  #phase: Phase = 'status';
  #status = 0;
  #fields: Fields = noFields();
  #field: { name: string; value: string } | null = null;
  #line: Buffer[] = [];
  #head = 0;
  #framing = 0;
  #blank = 0;
  /** Remaining octets of the body or of its current chunk. */
  #left = 0;
  readonly #body: Buffer[] = [];
  #length = 0;

  /** Reads more octets; true when the response is complete or long enough. @throws HttpError */
  push(chunk: Buffer): boolean {
    let offset = 0;
    while (offset < chunk.length && this.#phase !== 'done') {
      const rest = chunk.subarray(offset);
      offset += this.#isInBody() ? this.#takeBody(rest) : this.#takeLine(rest);
    }
    return this.#phase === 'done';
  }

  /** Called when the peer closed the connection. @throws HttpError when the response is incomplete */
  end(): void {
    if (this.#phase === 'done') return;
    if (this.#phase === 'until-close') this.#phase = 'done';
    else if (this.#phase === 'status' && this.#line.length === 0)
      throw new HttpError('closed the connection without an answer');
    else throw new HttpError('closed the connection before the end of its answer');
  }

  /** Called when the connection broke. True when the response is complete; a body that lasts until the close counts as complete. */
  endsBroken(): boolean {
    if (this.#phase === 'until-close') this.#phase = 'done';
    return this.#phase === 'done';
  }

  get status(): number {
    return this.#status;
  }

  /** The Location of a redirect, one character per octet; null if the response is no redirect. */
  get location(): string | null {
    const [location = ''] = this.#fields.location;
    return REDIRECTS.includes(this.#status) && location !== '' ? location : null;
  }

  /** The body received, cut at MAX_BODY. */
  get body(): Buffer {
    return Buffer.concat(this.#body);
  }

  #isInBody(): boolean {
    return this.#phase === 'sized' || this.#phase === 'chunk' || this.#phase === 'until-close';
  }

  #takeBody(bytes: Buffer): number {
    const room = MAX_BODY - this.#length;
    const wanted = this.#phase === 'until-close' ? room : Math.min(room, this.#left);
    const taken = bytes.subarray(0, wanted);
    this.#body.push(taken);
    this.#length += taken.length;
    this.#left -= taken.length;
    if (this.#length === MAX_BODY) this.#phase = 'done';
    else if (this.#phase !== 'until-close' && this.#left === 0)
      this.#phase = this.#phase === 'sized' ? 'done' : 'chunk-end';
    return taken.length;
  }

  #takeLine(bytes: Buffer): number {
    const end = bytes.indexOf(LF);
    const taken = end < 0 ? bytes : bytes.subarray(0, end);
    const size = end < 0 ? taken.length : end + 1;
    this.#count(size);
    this.#line.push(taken);
    if (end >= 0) {
      const line = Buffer.concat(this.#line).toString('latin1');
      this.#line = [];
      this.#takeWhole(line.endsWith('\r') ? line.slice(0, -1) : line);
    }
    return size;
  }

  #count(octets: number): void {
    if (this.#phase === 'status' || this.#phase === 'fields') this.#head += octets;
    else this.#framing += octets;
    if (this.#head > MAX_HEAD) throw new HttpError(`sent more than ${MAX_HEAD} bytes of header`);
    if (this.#framing > MAX_FRAMING) throw new HttpError('sent its body in too many pieces');
  }

  #takeWhole(line: string): void {
    if (this.#phase === 'status') this.#takeStatus(line);
    else if (this.#phase === 'fields') this.#takeField(line);
    else if (this.#phase === 'chunk-size') this.#takeChunkSize(line);
    else if (line === '') this.#phase = 'chunk-size';
    else throw new HttpError('sent a chunk longer than it said');
  }

  #takeStatus(line: string): void {
    if (line === '' && this.#blank < MAX_BLANK) {
      this.#blank += 1;
      return;
    }
    const [, status] = STATUS_LINE.exec(line) ?? [];
    if (status === undefined) throw new HttpError('did not answer in HTTP');
    this.#status = Number(status);
    this.#fields = noFields();
    this.#phase = 'fields';
  }

  #takeField(line: string): void {
    if (line !== '' && (line.startsWith(' ') || line.startsWith('\t'))) {
      if (this.#field) this.#field.value += ` ${line.trim()}`;
      return;
    }
    this.#keepField();
    const colon = line.indexOf(':');
    // A line without a colon is ignored.
    if (colon > 0)
      this.#field = { name: line.slice(0, colon).trim().toLowerCase(), value: line.slice(colon + 1) };
    if (line === '') this.#endHead();
  }

  #keepField(): void {
    const field = this.#field;
    this.#field = null;
    if (field && isOfInterest(field.name)) this.#fields[field.name].push(field.value.trim());
  }

  #endHead(): void {
    if (this.#status === 101) throw new HttpError('wants another protocol than HTTP');
    if (this.#status < 200) {
      this.#phase = 'status';
      return;
    }
    // The body of a redirect is ignored, and may never end.
    if (this.location !== null || NO_BODY.includes(this.#status)) this.#phase = 'done';
    else this.#phase = this.#bodyPhase();
  }

  /** RFC 9112 §6.3. */
  #bodyPhase(): Phase {
    const codings = listOf(this.#fields['transfer-encoding']).filter((each) => each !== 'identity');
    if (codings.length > 1 || (codings[0] ?? 'chunked') !== 'chunked')
      throw new HttpError('sent its body in a transfer coding that is not understood');
    if (codings.length === 1) return 'chunk-size';
    const lengths = listOf(this.#fields['content-length']);
    if (this.#fields['content-length'].length === 0) return 'until-close';
    if (lengths.length === 0 || !lengths.every((each) => /^\d{1,15}$/.test(each)))
      throw new HttpError('sent a Content-Length that is no number');
    const [length = 0, ...others] = lengths.map(Number);
    if (others.some((each) => each !== length))
      throw new HttpError('sent Content-Length twice, with different lengths');
    this.#left = length;
    return length === 0 ? 'done' : 'sized';
  }

  #takeChunkSize(line: string): void {
    const [, size] = CHUNK_LINE.exec(line) ?? [];
    if (size === undefined) throw new HttpError('sent a chunk without its length');
    this.#left = Number.parseInt(size, 16);
    // Trailers after the last chunk are not awaited.
    this.#phase = this.#left === 0 ? 'done' : 'chunk';
  }
}

function noFields(): Fields {
  return { 'content-length': [], 'transfer-encoding': [], location: [] };
}

function isOfInterest(name: string): name is keyof Fields {
  return name === 'content-length' || name === 'transfer-encoding' || name === 'location';
}

/** The members of list fields in lower case, empty ones included. */
function listOf(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).map((each) => each.trim().toLowerCase());
}
