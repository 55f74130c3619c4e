import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { AuthorizationBody, ChallengeBody, OrderBody } from '../kit/acme-bodies.js';
import type { SigningKey } from '../kit/jws-signer.js';
import type { Report } from './findings.js';

export type ChallengeType = 'http-01' | 'dns-01' | 'tls-alpn-01';

/**
 * How a client treats an order. It answers the challenges at once (prompt), or only at a later attempt of the validator, so
 * that they stay pending for a while (late), or never (abandoned). CAA may also forbid the name (forbidden).
 */
export type Conduct = 'prompt' | 'late' | 'abandoned' | 'forbidden';

export interface OrderPlan {
  names: readonly string[];
  challenge: ChallengeType;
  conduct: Conduct;
}

type Status = OrderBody['status'];

/** §7.1.6: the statuses that may follow each status, in any number of steps. */
const LATER: Record<Status, readonly Status[]> = {
  pending: ['pending', 'ready', 'processing', 'valid', 'invalid'],
  ready: ['ready', 'processing', 'valid', 'invalid'],
  processing: ['processing', 'valid', 'invalid'],
  valid: ['valid'],
  invalid: ['invalid'],
};

/** The account of an order, as far as a client needs it. */
export interface AccountKey {
  readonly url: string;
  readonly key: SigningKey;
}

/** A promised order, with all statements of the server about it; each `saw` compares a statement with the earlier ones. */
export class PromisedOrder {
  /** CSRs sent to finalize, with or without a response. */
  readonly requests: { csr: Buffer; key: KeyObject }[] = [];
  chain: string | null = null;
  leaf: X509Certificate | null = null;
  revocation: { reason: number | undefined; promised: boolean } | null = null;
  /** The order did not end in time; reported once. */
  givenUp = false;
  readonly #answered = new Set<string>();
  readonly #ended = new Map<string, string>();

  constructor(
    readonly account: AccountKey,
    readonly url: string,
    public body: OrderBody,
    readonly plan: OrderPlan,
    private readonly report: Report,
  ) {
    this.#judge(body);
  }

  /** Whether its client still has something to wait for. */
  get open(): boolean {
    if (this.givenUp || this.plan.conduct === 'abandoned') return false;
    if (this.revocation !== null && !this.revocation.promised) return true;
    return this.chain === null && this.body.status !== 'invalid';
  }

  saw(body: OrderBody): void {
    const before = this.body;
    if (!LATER[before.status].includes(body.status)) {
      this.report('contradictory', `${this.url} was ${before.status} and is ${body.status}`);
    }
    const fixed = ({ identifiers, authorizations, finalize, profile }: OrderBody) =>
      JSON.stringify([identifiers, authorizations, finalize, profile]);
    if (fixed(before) !== fixed(body)) {
      this.report('contradictory', `${this.url} was ${fixed(before)} and is ${fixed(body)}`);
    }
    if (before.certificate !== undefined && before.certificate !== body.certificate) {
      this.report('doubled', `${this.url} has certificate ${before.certificate} and ${body.certificate}`);
    }
    this.#judge(body);
    this.body = body;
  }

  /** Rules that apply to every response, whatever came before. */
  #judge({ status, error, certificate }: OrderBody): void {
    const { names, conduct } = this.plan;
    const finalized = status === 'processing' || status === 'valid';
    if (finalized && this.requests.length === 0) {
      this.report('contradictory', `${this.url} is ${status}, but no CSR was sent`);
    }
    if ((conduct === 'forbidden' || conduct === 'abandoned') && (finalized || status === 'ready')) {
      this.report('contradictory', `${this.url} is ${status}, but ${names} could not be proven`);
    }
    if (status === 'invalid' && conduct !== 'forbidden') {
      this.report('lost', `${this.url} failed without a cause: ${JSON.stringify(error)}`);
    }
    if ((status === 'valid') !== (certificate !== undefined)) {
      this.report('contradictory', `${this.url} is ${status} with certificate ${certificate}`);
    }
  }

  /** The response to an answered challenge (§7.5.1): from now on the server must finish the validation by itself. */
  sawAnswered(authorizationUrl: string, challenge: ChallengeBody): void {
    this.#answered.add(authorizationUrl);
    if (challenge.status === 'pending') {
      this.report('contradictory', `${challenge.url} is pending in the answer that accepts it`);
    }
  }

  sawAuthorization(url: string, body: AuthorizationBody): void {
    const before = this.#ended.get(url);
    const challenge = body.challenges.find(({ type }) => type === this.plan.challenge);
    if (before !== undefined && before !== body.status) {
      this.report('contradictory', `${url} was ${before} and is ${body.status}`);
    }
    if (this.#answered.has(url) && body.status === 'pending' && challenge?.status === 'pending') {
      this.report('lost', `${url}: the challenge that was answered is pending again`);
    }
    if (body.status === 'invalid' && this.plan.conduct !== 'forbidden' && before === undefined) {
      this.report('lost', `${url} failed without a cause: ${JSON.stringify(challenge?.error)}`);
    }
    if (body.status !== 'pending') this.#ended.set(url, body.status);
  }

  /** The downloaded certificate (§7.4.2): the same octets each time, for a key that was sent, for the ordered names. */
  sawChain(pem: string): void {
    if (this.chain !== null) {
      if (this.chain !== pem) this.report('doubled', `${this.url} has two different certificates`);
      return;
    }
    const [leaf, issuer] = (pem.match(/-----BEGIN[\s\S]+?-----END[^\n]+/g) ?? []).map(
      (block) => new X509Certificate(block),
    );
    if (!leaf || !issuer?.publicKey || !leaf.checkIssued(issuer) || !leaf.verify(issuer.publicKey)) {
      this.report('contradictory', `${this.url} has a certificate not signed by the issuer beside it`);
      return;
    }
    if (!this.keyOf(leaf)) {
      this.report('contradictory', `${this.url} has a certificate for a key that was never sent`);
    }
    const names = leaf.subjectAltName?.split(', ').sort().join();
    const ordered = this.plan.names.map((name) => `DNS:${name}`).sort();
    if (names !== ordered.join()) this.report('contradictory', `${this.url} has a certificate for ${names}`);
    this.chain = pem;
    this.leaf = leaf;
  }

  /** The private key of a certificate, if it was issued for one of this order's requests. */
  keyOf({ publicKey }: X509Certificate): KeyObject | undefined {
    return this.requests.find(({ key }) => createPublicKey(key).equals(publicKey))?.key;
  }
}

/** A serial number without leading zeros, in lower-case hex. */
export function plainSerial(hex: string): string {
  return BigInt(`0x${hex}`).toString(16);
}
