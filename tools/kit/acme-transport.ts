import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { AcmeError, type Directory, type ProblemBody, ProtocolViolation } from './acme-bodies.js';
import { type FlattenedJws, generateSigningKey, type SigningKey, signJws } from './jws-signer.js';

/** A response of the server with any status. `json` is undefined if the body is not JSON. */
export interface AcmeResponse<T = unknown> {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  json: T;
}

export interface AcmeClientOptions {
  directoryUrl: string;
  /** PEM of the root the server's certificate must chain to. */
  ca: string | Buffer;
  /** Account key; a fresh ES256 one when absent. */
  key?: SigningKey;
  /** URL of an account created earlier with this key. */
  accountUrl?: string;
  /** Passed in to share connections between clients; by default each client has its own, which `close` ends. */
  agent?: Agent;
  /** Dial this address instead of resolving the URL's host. */
  connectTo?: string;
  /** Milliseconds for one request. */
  timeout?: number;
}

/** Changes that a hostile test makes to an otherwise correct request. */
export interface PostOverrides {
  key?: SigningKey;
  /** Merged into the protected header; a member that is undefined is left out. */
  protected?: Record<string, unknown>;
  /** The final change to the body that is sent. */
  body?: (jws: FlattenedJws) => unknown;
  headers?: Record<string, string>;
  /** Sign with the `jwk` instead of the `kid`. */
  useJwk?: boolean;
  /** Send the whole URL as request-target, as to a proxy (RFC 9112 §3.2.2). */
  absoluteForm?: boolean;
  /** How often a badNonce response is retried; 3 when absent. */
  badNonceRetries?: number;
}

const PROBLEM_URN = 'urn:ietf:params:acme:error:';
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/**
 * The parts common to every request of an ACME client (RFC 8555 §6): the directory, nonces, signatures, problems. It checks the server
 * strictly and throws `ProtocolViolation` where it violates the RFC.
 */
export class AcmeTransport {
  readonly key: SigningKey;
  /** Our account's URL, once known. */
  accountUrl: string | null;
  /** The number of badNonce responses that were retried. */
  badNonces = 0;
  protected readonly options: AcmeClientOptions;
  protected readonly agent: Agent;
  readonly #nonces: string[] = [];
  #directory: Promise<Directory> | null = null;

  constructor(options: AcmeClientOptions) {
    this.options = options;
    this.key = options.key ?? generateSigningKey();
    this.accountUrl = options.accountUrl ?? null;
    this.agent = options.agent ?? new Agent({ keepAlive: true, maxCachedSessions: 100 });
  }

  /** Ends the connections, unless the agent was passed in. */
  close(): void {
    if (!this.options.agent) this.agent.destroy();
  }

  directory(): Promise<Directory> {
    this.#directory ??= this.request('GET', this.options.directoryUrl).then(
      (answer) => this.#accepted(answer).json as Directory,
    );
    this.#directory.catch(() => {
      this.#directory = null;
    });
    return this.#directory;
  }

  /** §7.2 */
  async newNonce(): Promise<string> {
    const answer = await this.request('HEAD', (await this.directory()).newNonce);
    if (answer.status !== 200) throw new ProtocolViolation(`HEAD newNonce answered ${answer.status} (§7.2)`);
    if (!/\bno-store\b/.test(answer.headers['cache-control'] ?? ''))
      throw new ProtocolViolation('newNonce without Cache-Control: no-store (§7.2)');
    return this.#nonces.pop() ?? this.violation('newNonce without Replay-Nonce (§7.2)');
  }

  /**
   * A signed POST. `payload` is JSON-encoded, except that a string is sent unchanged: `''` is POST-as-GET (§6.3).
   * @throws AcmeError for a problem document.
   */
  async post<T = unknown>(
    url: string,
    payload: unknown,
    overrides: PostOverrides = {},
  ): Promise<AcmeResponse<T>> {
    for (let retries = overrides.badNonceRetries ?? 3; ; retries--) {
      const answer = await this.send(url, payload, overrides);
      const bad = answer.status === 400 && (answer.json as ProblemBody)?.type === `${PROBLEM_URN}badNonce`;
      if (!bad || retries <= 0) return this.#accepted(answer) as AcmeResponse<T>;
      this.badNonces++;
    }
  }

  /** A signed POST whose response is returned unchanged: no retry, and no error for a problem. */
  async send(url: string, payload: unknown, overrides: PostOverrides = {}): Promise<AcmeResponse> {
    const key = overrides.key ?? this.key;
    const nonce = this.#nonces.pop() ?? (await this.newNonce());
    const identity = overrides.useJwk ? { jwk: key.jwk } : { kid: this.account() };
    const jws = signJws(key, { alg: key.alg, ...identity, nonce, url, ...overrides.protected }, payload);
    const body = overrides.body ? overrides.body(jws) : jws;
    const answer = await this.request('POST', url, {
      headers: { 'Content-Type': 'application/jose+json', ...overrides.headers },
      absoluteForm: overrides.absoluteForm ?? false,
      body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
    if (!answer.headers['replay-nonce'])
      throw new ProtocolViolation(`${answer.status} answer to POST ${url} without Replay-Nonce (§6.5)`);
    if (!links(answer.headers, 'index').includes(this.options.directoryUrl))
      throw new ProtocolViolation(`${answer.status} answer to POST ${url} without Link rel="index" (§7.1)`);
    return answer;
  }

  /** Sends any request and stores the nonce of the response. */
  async request(
    method: string,
    url: string,
    {
      headers = {},
      absoluteForm = false,
      body,
    }: {
      headers?: Record<string, string | string[]>;
      absoluteForm?: boolean;
      body?: string | Uint8Array;
    } = {},
  ): Promise<AcmeResponse> {
    const { ca, connectTo, timeout = 30_000 } = this.options;
    const target = new URL(url);
    const answer = await new Promise<AcmeResponse>((resolve, reject) => {
      const outgoing = httpsRequest(
        {
          method,
          agent: this.agent,
          ca,
          host: connectTo ?? target.hostname.replace(/^\[|\]$/g, ''),
          port: target.port || 443,
          path: absoluteForm ? url : target.pathname + target.search,
          ...(connectTo && !isIP(target.hostname) && { servername: target.hostname }),
          timeout,
          headers: {
            Host: target.host,
            'User-Agent': 'upki-test-client/1',
            ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }),
            ...headers,
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => {
            const bytes = Buffer.concat(chunks);
            const isJson = /^application\/(problem\+)?json\b/.test(incoming.headers['content-type'] ?? '');
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: bytes,
              json: isJson && bytes.length > 0 ? JSON.parse(bytes.toString('utf8')) : undefined,
            });
          });
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${url} timed out`)));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
    const nonce = answer.headers['replay-nonce'];
    if (typeof nonce === 'string') {
      if (!BASE64URL.test(nonce)) throw new ProtocolViolation(`nonce "${nonce}" is not base64url (§6.5.1)`);
      this.#nonces.push(nonce);
    }
    return answer;
  }

  #accepted(answer: AcmeResponse): AcmeResponse {
    if (answer.status < 300) return answer;
    const type = answer.headers['content-type'] ?? '';
    if (!type.startsWith('application/problem+json'))
      throw new ProtocolViolation(
        `${answer.status} as ${type}: ${answer.body.toString('utf8', 0, 200)} (§6.7)`,
      );
    throw new AcmeError(answer.json as ProblemBody, answer.status, answer.headers);
  }

  /** Our account's URL. @throws Error before there is one */
  protected account(): string {
    if (!this.accountUrl) throw new Error('no account yet: call newAccount first');
    return this.accountUrl;
  }

  protected violation(message: string): never {
    throw new ProtocolViolation(message);
  }
}

/** URLs of the `Link` header with this relation (RFC 8288). */
export function links(headers: IncomingHttpHeaders, relation: string): string[] {
  const header = headers.link ?? [];
  const all = (Array.isArray(header) ? header : [header]).join(', ');
  return [...all.matchAll(/<([^>]*)>\s*;\s*rel="?([^",;]+)"?/g)]
    .filter(([, , rel]) => rel === relation)
    .map(([, url = '']) => url);
}
