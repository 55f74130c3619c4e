import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

/** A response; header names in lower case. */
export interface Answer {
  status: number;
  headers: Map<string, string>;
  body: Buffer;
}

export interface Endpoint {
  /** The address to connect to. */
  address: string;
  port: number;
  /** The name that the server's certificate must have. */
  servername: string;
  /** PEM of the root that the certificate must chain to. */
  ca: string;
}

/** Milliseconds after which a client gives up on a response and counts a failure. */
const ANSWER_LIMIT = 20_000;

interface Waiting {
  method: string;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/**
 * One persistent HTTPS connection with one request at a time (RFC 9112), with as little code as possible: the driver takes its
 * CPU time from the servers it measures. A closed connection is reopened with its TLS session resumed.
 */
export class Connection {
  #socket: TLSSocket | null = null;
  #session: Buffer | undefined;
  #received: Buffer = Buffer.alloc(0);
  #waiting: Waiting | null = null;

  constructor(private readonly endpoint: Endpoint) {}

  /** Rejects if the connection breaks before the response is complete. */
  async request(
    method: string,
    path: string,
    body = '',
    contentType = 'application/jose+json',
  ): Promise<Answer> {
    if (this.#waiting) throw new Error('one request at a time');
    const socket = this.#socket ?? (await this.#open());
    const length = body === '' ? '' : `Content-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n`;
    const head = `${method} ${path} HTTP/1.1\r\nHost: ${this.endpoint.servername}:${this.endpoint.port}\r\n`;
    return new Promise((resolve, reject) => {
      this.#waiting = { method, resolve, reject };
      socket.write(`${head}User-Agent: upki-bench/1\r\n${length}\r\n${body}`, 'latin1');
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #open(): Promise<TLSSocket> {
    const { address, port, servername, ca } = this.endpoint;
    const options: ConnectionOptions = { host: address, port, servername, ca };
    if (this.#session) options.session = this.#session;
    const socket = connect(options);
    socket.setNoDelay(true);
    socket.setTimeout(ANSWER_LIMIT, () => socket.destroy(new Error('no answer in time')));
    socket.on('session', (session) => {
      this.#session = session;
    });
    socket.on('data', (bytes) => this.#receive(bytes));
    const ended = (error: Error) => {
      if (this.#socket === socket) this.#socket = null;
      this.#received = Buffer.alloc(0);
      const waiting = this.#waiting;
      this.#waiting = null;
      waiting?.reject(error);
    };
    socket.on('close', () => ended(new Error('the connection ended without an answer')));
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => {
        ended(error);
        reject(error);
      });
      socket.once('secureConnect', () => {
        this.#socket = socket;
        resolve(socket);
      });
    });
  }

  #receive(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    const waiting = this.#waiting;
    if (!waiting) return;
    const read = readAnswer(this.#received, waiting.method);
    if (!read) return;
    this.#received = this.#received.subarray(read.length);
    this.#waiting = null;
    if (read.answer.headers.get('connection') === 'close') this.close();
    waiting.resolve(read.answer);
  }
}

const HEAD_END = '\r\n\r\n';

/** The response at the start of these bytes and its length, or null while it is incomplete. */
function readAnswer(bytes: Buffer, method: string): { answer: Answer; length: number } | null {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return null;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(statusLine.slice(9, 12));
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const start = end + HEAD_END.length;
  if (method === 'HEAD' || status === 204 || status === 304) {
    return { answer: { status, headers, body: Buffer.alloc(0) }, length: start };
  }
  if (headers.get('transfer-encoding') === 'chunked') {
    const chunked = readChunks(bytes, start);
    return chunked && { answer: { status, headers, body: chunked.body }, length: chunked.end };
  }
  const length = start + Number(headers.get('content-length') ?? 0);
  if (bytes.length < length) return null;
  return { answer: { status, headers, body: bytes.subarray(start, length) }, length };
}

/** RFC 9112 §7.1, without extensions and trailers, which none of these servers sends. */
function readChunks(bytes: Buffer, from: number): { body: Buffer; end: number } | null {
  const chunks: Buffer[] = [];
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    at = start + size + 2;
    if (bytes.length < at) return null;
    if (size === 0) return { body: Buffer.concat(chunks), end: at };
    chunks.push(bytes.subarray(start, start + size));
  }
}
