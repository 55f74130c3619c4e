import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  type AccountBody,
  type AcmeIdentifier,
  type AuthorizationBody,
  type ChallengeBody,
  type Located,
  type OrderBody,
  ProtocolViolation,
} from './acme-bodies.js';
import { type AcmeResponse, AcmeTransport, links } from './acme-transport.js';
import { createCsr } from './csr.js';
import { generateSigningKey, type SigningKey, signBinding, signJws } from './jws-signer.js';

export interface IssueOptions {
  names: readonly string[];
  /** Publishes the answer to one challenge of the chosen type. */
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

/** A small, strict ACME client (RFC 8555), for tests, the load driver and the crash run. */
export class AcmeClient extends AcmeTransport {
  /** §7.3; stores the account URL. */
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
    return (await this.post<AccountBody>(this.account(), change)).json;
  }

  /** §7.1.2.1: every page. */
  async orders(): Promise<string[]> {
    const account = (await this.post<AccountBody>(this.account(), '')).json;
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

  /** Sends POST-as-GET until `done`; waits for Retry-After, else `interval` milliseconds. */
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

  /** §7.6; with `certificateKey` the request is signed with that key and has its `jwk`. `certificate` is PEM or DER. */
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

  /** §7.3.5; returns a client that uses the new key. */
  async keyChange(next: SigningKey = generateSigningKey()): Promise<AcmeClient> {
    const { keyChange } = await this.directory();
    const inner = signJws(
      next,
      { alg: next.alg, jwk: next.jwk, url: keyChange },
      { account: this.account(), oldKey: this.key.jwk },
    );
    await this.post(keyChange, inner);
    return new AcmeClient({ ...this.options, agent: this.agent, key: next, accountUrl: this.account() });
  }

  /** The whole flow: order, prove every name, finalize, download. */
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

  #location({ headers }: AcmeResponse): string {
    return headers.location ?? this.violation('answer without Location');
  }
}
