import { Agent, request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';

/** A client's certificate and key, in PEM. */
export interface Holder {
  key: string;
  cert: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  text: string;
  /** The parsed body; undefined if it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape
  json: any;
}

export interface Ask {
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** Sends one request, on a new connection unless an agent is given. */
export function ask(
  url: string,
  ca: string,
  holder: Holder | null = null,
  { method = 'GET', body, headers, agent }: Ask & { agent?: Agent } = {},
): Promise<Answer> {
  const content = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      url,
      {
        method,
        ca,
        servername: 'localhost',
        agent: agent ?? new Agent({ keepAlive: false }),
        ...(holder && { key: holder.key, cert: holder.cert }),
        headers: {
          ...(content !== undefined && { 'Content-Type': 'application/json' }),
          ...(method !== 'GET' && { 'Content-Length': Buffer.byteLength(content ?? '') }),
          ...headers,
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('error', reject);
        response.once('end', () => {
          const heads = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
          const { statusCode: status = 0 } = response;
          resolve({ status, headers: Object.fromEntries(heads), text, json: parsed(text) });
        });
      },
    );
    sent.once('error', reject);
    sent.end(content);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** HTTP/1.1 over one TLS connection, so that only the test decides when connections are opened. */
export class Connection {
  #received = Buffer.alloc(0);
  #more: () => void = () => undefined;
  #ended = false;

  constructor(readonly socket: TLSSocket) {
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#more();
    });
    const end = () => {
      this.#ended = true;
      this.#more();
    };
    socket.on('error', end).on('close', end);
  }

  /** `path` is below /api/v1. */
  async ask(path: string, { method = 'GET', body, headers = {} }: Ask = {}): Promise<Answer> {
    const content = body === undefined ? '' : JSON.stringify(body);
    const head = Object.entries({
      Host: 'localhost',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(method === 'GET' ? {} : { 'Content-Length': String(Buffer.byteLength(content)) }),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.raw(`${method} /api/v1${path} HTTP/1.1\r\n${head.join('')}\r\n${content}`);
  }

  /** Sends the text of a request unchanged. */
  raw(text: string): Promise<Answer> {
    this.socket.write(text);
    return this.#answer();
  }

  async #answer(): Promise<Answer> {
    const headEnd = await this.#until(() => this.#received.indexOf('\r\n\r\n'));
    const head = this.#received.subarray(0, headEnd).toString();
    const headers = Object.fromEntries(
      head
        .split('\r\n')
        .slice(1)
        .map((line) => [
          line.slice(0, line.indexOf(':')).toLowerCase(),
          line.slice(line.indexOf(':') + 1).trim(),
        ]),
    );
    const end = headEnd + 4 + Number(headers['content-length'] ?? 0);
    await this.#until(() => (this.#received.length >= end ? end : -1));
    const text = this.#received.subarray(headEnd + 4, end).toString();
    this.#received = this.#received.subarray(end);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    return { status, headers, text, json: parsed(text) };
  }

  async #until(found: () => number): Promise<number> {
    for (;;) {
      const at = found();
      if (at >= 0) return at;
      if (this.#ended) throw new Error('the server ended the connection');
      await new Promise<void>((resolve) => {
        this.#more = resolve;
      });
    }
  }
}
