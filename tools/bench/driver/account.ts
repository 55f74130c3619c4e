import { sign } from 'node:crypto';
import { isIP } from 'node:net';
import type { SigningKey } from '../../kit/jws-signer.js';
import type { Answer, Connection } from './connection.js';

/** RFC 8555 §7.1.1: the members that the flow needs. */
export interface Directory {
  newNonce: string;
  newAccount: string;
  newOrder: string;
  revokeCert: string;
}

/** A refused request; the message contains the problem document. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly retryAfter: string | undefined,
    what: string,
  ) {
    super(`${status}: ${what.slice(0, 300)}`);
  }
}

const BAD_NONCE_RETRIES = 5;
const encode = (text: string): string => Buffer.from(text, 'latin1').toString('base64url');

/** One ACME account on one connection: signed POSTs (RFC 8555 §6.2), each with the nonce of the previous response (§6.5). */
export class Account {
  requests = 0;
  badNonces = 0;
  #url = '';
  #nonce: string | null = null;

  constructor(
    readonly key: SigningKey,
    private readonly directory: Directory,
    readonly connection: Connection,
  ) {}

  /** §7.3 */
  async register(): Promise<void> {
    const answer = await this.post(this.directory.newAccount, { termsOfServiceAgreed: true });
    this.#url = answer.headers.get('location') ?? '';
  }

  /** @param name a DNS name or an IP address */
  newOrder(name: string): Promise<Answer> {
    const identifier = { type: isIP(name) ? 'ip' : 'dns', value: name };
    return this.post(this.directory.newOrder, { identifiers: [identifier] });
  }

  /** POST-as-GET (§6.3). */
  read(url: string): Promise<Answer> {
    return this.post(url, null);
  }

  /** @throws Refused for any status but 2xx; badNonce is retried, as by every client */
  async post(url: string, payload: object | null): Promise<Answer> {
    const path = url.slice(url.indexOf('/', 'https://'.length));
    for (let tries = 0; ; tries += 1) {
      this.#nonce ??= await this.#newNonce();
      const body = this.#signed(url, payload);
      this.#nonce = null;
      this.requests += 1;
      const answer = await this.connection.request('POST', path, body);
      this.#nonce = answer.headers.get('replay-nonce') ?? null;
      if (answer.status < 300) return answer;
      const text = answer.body.toString();
      if (!text.includes('error:badNonce') || tries >= BAD_NONCE_RETRIES)
        throw new Refused(answer.status, answer.headers.get('retry-after'), text);
      this.badNonces += 1;
    }
  }

  #signed(url: string, payload: object | null): string {
    const { jwk, privateKey } = this.key;
    const identity = this.#url === '' ? { jwk } : { kid: this.#url };
    const header = encode(JSON.stringify({ alg: 'ES256', ...identity, nonce: this.#nonce, url }));
    const body = payload === null ? '' : encode(JSON.stringify(payload));
    const signature = sign('sha256', Buffer.from(`${header}.${body}`, 'latin1'), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    return `{"protected":"${header}","payload":"${body}","signature":"${signature.toString('base64url')}"}`;
  }

  async #newNonce(): Promise<string> {
    const { pathname } = new URL(this.directory.newNonce);
    this.requests += 1;
    const answer = await this.connection.request('HEAD', pathname);
    const nonce = answer.headers.get('replay-nonce');
    if (!nonce) throw new Refused(answer.status, answer.headers.get('retry-after'), 'no Replay-Nonce');
    return nonce;
  }
}
