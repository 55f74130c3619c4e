import type { OrderBody } from '../kit/acme-bodies.js';
import type { SigningKey } from '../kit/jws-signer.js';
import type { Finding, Report } from './findings.js';
import { PromisedAccount } from './promised-account.js';
import { type OrderPlan, PromisedOrder, plainSerial } from './promised-order.js';

/** A CRL with a valid signature: reasons by serial without leading zeros. */
export interface RevocationList {
  number: bigint;
  reasons: ReadonlyMap<string, number | null>;
}

/** Everything the server promised, and every contradiction found. */
export class Ledger {
  readonly accounts: PromisedAccount[] = [];
  readonly orders: PromisedOrder[] = [];
  readonly findings: Finding[] = [];
  readonly #accountUrls = new Set<string>();
  readonly #orderUrls = new Set<string>();
  readonly #bySerial = new Map<string, PromisedOrder>();
  #crlNumber = 0n;

  /** A contradiction that is found again counts once. */
  readonly report: Report = (fault, what) => {
    const known = this.findings.some((finding) => finding.fault === fault && finding.what === what);
    if (!known) this.findings.push({ fault, what });
  };

  get certificates(): PromisedOrder[] {
    return [...this.#bySerial.values()];
  }

  get revocations(): PromisedOrder[] {
    return this.orders.filter(({ revocation }) => revocation?.promised);
  }

  openAccount(url: string, key: SigningKey, contact: readonly string[]): PromisedAccount {
    if (this.#accountUrls.has(url)) this.report('doubled', `${url} was assigned to two keys`);
    this.#accountUrls.add(url);
    const account = new PromisedAccount(url, key, contact, this.report);
    this.accounts.push(account);
    return account;
  }

  openOrder(account: PromisedAccount, url: string, body: OrderBody, plan: OrderPlan): PromisedOrder {
    if (this.#orderUrls.has(url)) this.report('doubled', `${url} was assigned to two orders`);
    this.#orderUrls.add(url);
    const order = new PromisedOrder(account, url, body, plan, this.report);
    account.orders.push(order);
    this.orders.push(order);
    return order;
  }

  /** A downloaded certificate; no serial may occur twice. */
  sawChain(order: PromisedOrder, pem: string): void {
    const isFirst = order.chain === null;
    order.sawChain(pem);
    if (!isFirst || order.leaf === null) return;
    const serial = plainSerial(order.leaf.serialNumber);
    const holder = this.#bySerial.get(serial);
    if (holder) this.report('doubled', `serial ${serial} belongs to ${holder.url} and to ${order.url}`);
    this.#bySerial.set(serial, order);
  }

  /** RFC 5280 §5: every promised revocation, none that was not requested, and a number that never falls. */
  sawCrl({ number, reasons }: RevocationList): void {
    if (number < this.#crlNumber)
      this.report('contradictory', `CRL number ${number} after ${this.#crlNumber}`);
    this.#crlNumber = number;
    for (const serial of reasons.keys()) {
      const order = this.#bySerial.get(serial);
      if (!order?.revocation) this.report('contradictory', `${serial} is on the CRL without a request`);
      else order.revocation.promised = true;
    }
    for (const { url, leaf, revocation } of this.revocations) {
      const serial = plainSerial(leaf?.serialNumber ?? '0');
      const reason = reasons.get(serial);
      if (reason === undefined) this.report('lost', `the revocation of ${url}, serial ${serial}`);
      else if ((reason ?? 0) !== (revocation?.reason ?? 0)) {
        this.report('contradictory', `${url} was revoked for ${revocation?.reason}, the CRL says ${reason}`);
      }
    }
  }
}
