import { X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { createCsr } from './csr.js';
import {
  type FlattenedJws,
  generateSigningKey,
  type SigningKey,
  signBinding,
  signJws,
} from './jws-signer.js';

/** An answer of the server, whatever its status. `json` is undefined when the body is not JSON. */
export interface AcmeResponse<T = unknown> {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  json: T;
}

export interface ProblemBody {
  type: string;
  detail?: string;
  status?: number;
  identifier?: { type: string; value: string };
  subproblems?: ProblemBody[];
  algorithms?: string[];
  instance?: string;
}

/** The server refused a request; `type` is the problem's without its URN. */
export class AcmeError extends Error {
  readonly type: string;
  constructor(
    readonly problem: ProblemBody,
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
  ) {
    super(`${status} ${problem.type}: ${problem.detail ?? ''} ${JSON.stringify(problem.subproblems ?? '')}`);
    this.type = problem.type.replace('urn:ietf:params:acme:error:', '');
  }
}

/** The server broke a rule of RFC 8555 in an answer. */
export class ProtocolViolation extends Error {}

export interface Directory {
  newNonce: string;
  newAccount: string;
  newOrder: string;
  newAuthz?: string;
  revokeCert: string;
  keyChange: string;
  renewalInfo?: string;
  meta?: {
    termsOfService?: string;
    website?: string;
    caaIdentities?: string[];
    externalAccountRequired?: boolean;
    profiles?: Record<string, string>;
  };
}

export interface AcmeIdentifier {
  type: string;
  value: string;
}

export interface AccountBody {
  status: string;
  contact?: string[];
  orders: string;
  termsOfServiceAgreed?: boolean;
  externalAccountBinding?: unknown;
}

export interface OrderBody {
  status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';
  expires?: string;
  identifiers: AcmeIdentifier[];
  notBefore?: string;
  notAfter?: string;
  error?: ProblemBody;
  authorizations: string[];
  finalize: string;
  certificate?: string;
  profile?: string;
  replaces?: string;
}

/** An order as answered, with its own URL. */
export interface Located<T> {
  url: string;
  body: T;
}

export interface ChallengeBody {
  type: string;
  url: string;
  status: 'pending' | 'processing' | 'valid' | 'invalid';
  token: string;
  validated?: string;
  error?: ProblemBody;
}

export interface AuthorizationBody {
  status: string;
  identifier: AcmeIdentifier;
  expires?: string;
  wildcard?: boolean;
  challenges: ChallengeBody[];
}

export interface AcmeClientOptions {
  directoryUrl: string;
  /** PEM of the root the server's certificate must chain to. */
  ca: string | Buffer;
  /** Account key; a fresh ES256 one when absent. */
  key?: SigningKey;
  /** An account made earlier with this key. */
  accountUrl?: string;
  /** Shared by several clients to share connections; else one of its own, which `close` ends. */
  agent?: Agent;
  /** Dial this address instead of resolving the URL's host. */
  connectTo?: string;
  /** Milliseconds for one request. */
  timeout?: number;
}

/** What a hostile test changes of an otherwise correct request. */
export interface PostOverrides {
  key?: SigningKey;
  /** Merged into the protected header; a member set to undefined is left out. */
  protected?: Record<string, unknown>;
  /** The last word over the body that is sent. */
  body?: (jws: FlattenedJws) => unknown;
  headers?: Record<string, string>;
  /** Sign with the `jwk` instead of the `kid`. */
  useJwk?: boolean;
  /** How often a badNonce answer is tried again; 3 when absent. */
  badNonceRetries?: number;
}

export interface IssueOptions {
  names: readonly string[];
  /** Puts the answer in place for one challenge of the chosen type. */
  solve(answer: {
    type: string;
    token: string;
    keyAuthorization: string;
    identifier: AcmeIdentifier;
    wildcard: boolean;
  }): Promise<void>;
  challengeType?: string;
  order?: Record<string, unknown>;
  csr?: Buffer;
}

const PROBLEM_URN = 'urn:ietf:params:acme:error:';
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/**
 * A small, strict ACME client (RFC 8555): for tests, the load driver and the crash run. It holds the server to
 * the letter (nonces, links, content types) and throws `ProtocolViolation` where it strays.
 */
export class AcmeClient {
  readonly key: SigningKey;
  /** Our account's URL, once known. */
  accountUrl: string | null;
  /** badNonce answers seen and tried again. */
  badNonces = 0;
  readonly #options: AcmeClientOptions;
  readonly #agent: Agent;
  readonly #nonces: string[] = [];
  #directory: Promise<Directory> | null = null;

  constructor(options: AcmeClientOptions) {
    this.#options = options;
    this.key = options.key ?? generateSigningKey();
    this.accountUrl = options.accountUrl ?? null;
    this.#agent = options.agent ?? new Agent({ keepAlive: true, maxCachedSessions: 100 });
  }

  /** Ends the connections, unless the agent was passed in. */
  close(): void {
    if (!this.#options.agent) this.#agent.destroy();
  }

  directory(): Promise<Directory> {
    this.#directory ??= this.request('GET', this.#options.directoryUrl).then(
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
    return this.#nonces.pop() ?? this.#violation('newNonce without Replay-Nonce (§7.2)');
  }

  /** §7.3; remembers the account URL. */
  async newAccount(
    request: {
      contact?: string[];
      termsOfServiceAgreed?: boolean;
      onlyReturnExisting?: boolean;
      externalAccount?: { kid: string; macKey: string; alg?: 'HS256' | 'HS384' | 'HS512' };
    } = {},
  ): Promise<AcmeResponse<AccountBody>> {
    const { newAccount } = await this.directory();
    const { externalAccount, ...rest } = request;
    const answer = await this.post<AccountBody>(
      newAccount,
      {
        termsOfServiceAgreed: true,
        ...rest,
        ...(externalAccount && {
          externalAccountBinding: signBinding(externalAccount, newAccount, this.key.jwk),
        }),
      },
      { useJwk: true },
    );
    this.accountUrl = this.#location(answer);
    return answer;
  }

  /** §7.3.2 */
  async updateAccount(change: object): Promise<AccountBody> {
    return (await this.post<AccountBody>(this.#account(), change)).json;
  }

  /** §7.1.2.1: every page. */
  async orders(): Promise<string[]> {
    const account = (await this.post<AccountBody>(this.#account(), '')).json;
    const urls: string[] = [];
    for (let page: string | undefined = account.orders; page; ) {
      const answer: AcmeResponse<{ orders: string[] }> = await this.post(page, '');
      urls.push(...answer.json.orders);
      page = links(answer.headers, 'next')[0];
    }
    return urls;
  }

  /** §7.4; names are DNS names or IP addresses. */
  async newOrder(names: readonly string[], more: Record<string, unknown> = {}): Promise<Located<OrderBody>> {
    const identifiers = names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }));
    const answer = await this.post<OrderBody>((await this.directory()).newOrder, { identifiers, ...more });
    if (answer.status !== 201) throw new ProtocolViolation(`newOrder answered ${answer.status} (§7.4)`);
    return { url: this.#location(answer), body: answer.json };
  }

  async order(url: string): Promise<OrderBody> {
    return (await this.post<OrderBody>(url, '')).json;
  }

  async authz(url: string): Promise<AuthorizationBody> {
    return (await this.post<AuthorizationBody>(url, '')).json;
  }

  /** §7.5.1 */
  async respond(challengeUrl: string): Promise<ChallengeBody> {
    const answer = await this.post<ChallengeBody>(challengeUrl, {});
    if (links(answer.headers, 'up').length !== 1)
      throw new ProtocolViolation('challenge without Link rel="up" (§7.5.1)');
    return answer.json;
  }

  keyAuthorization(token: string): string {
    return `${token}.${this.key.thumbprint}`;
  }

  /** POST-as-GET until `done`; waits as Retry-After says, else `interval` milliseconds. */
  async poll<T>(
    url: string,
    done: (body: T) => boolean,
    { timeout = 30_000, interval = 250 }: { timeout?: number; interval?: number } = {},
  ): Promise<T> {
    const deadline = Date.now() + timeout;
    for (;;) {
      const answer = await this.post<T>(url, '');
      if (done(answer.json)) return answer.json;
      if (Date.now() > deadline) throw new Error(`gave up polling ${url}: ${JSON.stringify(answer.json)}`);
      const seconds = Number(answer.headers['retry-after']);
      await new Promise((resolve) => setTimeout(resolve, seconds > 0 ? seconds * 1000 : interval));
    }
  }

  /** §7.4: sends the CSR (DER). */
  async finalize(order: Located<OrderBody>, csr: Uint8Array): Promise<OrderBody> {
    const body = { csr: Buffer.from(csr).toString('base64url') };
    return (await this.post<OrderBody>(order.body.finalize, body)).json;
  }

  /** §7.4.2: the PEM chain. */
  async download(certificateUrl: string): Promise<string> {
    const answer = await this.post(certificateUrl, '');
    const type = answer.headers['content-type'];
    if (type !== 'application/pem-certificate-chain')
      throw new ProtocolViolation(`certificate served as ${type} (§7.4.2)`);
    return answer.body.toString('latin1');
  }

  /** §7.6; with `certificateKey` the request is signed by it and carries its `jwk`. `certificate` is PEM or DER. */
  async revoke(
    certificate: string | Uint8Array,
    { reason, certificateKey }: { reason?: number; certificateKey?: SigningKey } = {},
  ): Promise<void> {
    const bytes = new X509Certificate(certificate).raw;
    await this.post(
      (await this.directory()).revokeCert,
      { certificate: bytes.toString('base64url'), ...(reason !== undefined && { reason }) },
      certificateKey ? { key: certificateKey, useJwk: true } : {},
    );
  }

  /** §7.3.5; answers a client that uses the new key from here on. */
  async keyChange(next: SigningKey = generateSigningKey()): Promise<AcmeClient> {
    const { keyChange } = await this.directory();
    const inner = signJws(
      next,
      { alg: next.alg, jwk: next.jwk, url: keyChange },
      { account: this.#account(), oldKey: this.key.jwk },
    );
    await this.post(keyChange, inner);
    return new AcmeClient({ ...this.#options, agent: this.#agent, key: next, accountUrl: this.#account() });
  }

  /** The whole of it: order, prove every name, finalize, download. */
  async issue(options: IssueOptions): Promise<{ order: Located<OrderBody>; chain: string }> {
    const order = await this.newOrder(options.names, options.order);
    for (const url of order.body.authorizations) {
      await this.#prove(url, options);
    }
    const csr = options.csr ?? createCsr(options.names).der;
    let final = await this.finalize(order, csr);
    if (final.status === 'processing')
      final = await this.poll<OrderBody>(order.url, ({ status }) => status !== 'processing');
    if (final.status !== 'valid' || !final.certificate)
      throw new Error(`order ended ${final.status}: ${JSON.stringify(final.error)}`);
    return { order: { url: order.url, body: final }, chain: await this.download(final.certificate) };
  }

  async #prove(url: string, { solve, challengeType = 'http-01' }: IssueOptions): Promise<void> {
    const authorization = await this.authz(url);
    if (authorization.status === 'valid') return;
    const challenge = authorization.challenges.find(({ type }) => type === challengeType);
    if (!challenge) throw new Error(`${authorization.identifier.value} has no ${challengeType} challenge`);
    const { identifier, wildcard = false } = authorization;
    const keyAuthorization = this.keyAuthorization(challenge.token);
    await solve({ type: challenge.type, token: challenge.token, keyAuthorization, identifier, wildcard });
    const answered = await this.respond(challenge.url);
    if (answered.status === 'valid') return;
    const ended = await this.poll<AuthorizationBody>(url, ({ status }) => status !== 'pending');
    if (ended.status !== 'valid')
      throw new Error(`${identifier.value} ended ${ended.status}: ${JSON.stringify(ended.challenges)}`);
  }

  /**
   * A signed POST. `payload` is JSON-encoded, but a string is sent as it is: `''` is POST-as-GET (§6.3).
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

  /** A signed POST, answered as it is: no retry, no error thrown for a problem. */
  async send(url: string, payload: unknown, overrides: PostOverrides = {}): Promise<AcmeResponse> {
    const key = overrides.key ?? this.key;
    const nonce = this.#nonces.pop() ?? (await this.newNonce());
    const identity = overrides.useJwk ? { jwk: key.jwk } : { kid: this.#account() };
    const jws = signJws(key, { alg: key.alg, ...identity, nonce, url, ...overrides.protected }, payload);
    const body = overrides.body ? overrides.body(jws) : jws;
    const answer = await this.request('POST', url, {
      headers: { 'Content-Type': 'application/jose+json', ...overrides.headers },
      body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
    if (!answer.headers['replay-nonce'])
      throw new ProtocolViolation(`${answer.status} answer to POST ${url} without Replay-Nonce (§6.5)`);
    if (!links(answer.headers, 'index').includes(this.#options.directoryUrl))
      throw new ProtocolViolation(`${answer.status} answer to POST ${url} without Link rel="index" (§7.1)`);
    return answer;
  }

  /** Any request; keeps the nonce of the answer. */
  async request(
    method: string,
    url: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string | Uint8Array } = {},
  ): Promise<AcmeResponse> {
    const { ca, connectTo, timeout = 30_000 } = this.#options;
    const target = new URL(url);
    const answer = await new Promise<AcmeResponse>((resolve, reject) => {
      const outgoing = httpsRequest(
        {
          method,
          agent: this.#agent,
          ca,
          host: connectTo ?? target.hostname.replace(/^\[|\]$/g, ''),
          port: target.port || 443,
          path: target.pathname + target.search,
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

  #location({ headers }: AcmeResponse): string {
    return headers.location ?? this.#violation('answer without Location');
  }

  #account(): string {
    if (!this.accountUrl) throw new Error('no account yet: call newAccount first');
    return this.accountUrl;
  }

  #violation(message: string): never {
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
