import type { SigningKey } from '../kit/jws-signer.js';
import type { Report } from './findings.js';
import type { PromisedOrder } from './promised-order.js';

/** The response of newAccount with onlyReturnExisting to a key (RFC 8555 §7.3.1): an account, none, or a deactivated one. */
export type KeyAnswer = { url: string; contact: readonly string[] } | 'unknown' | 'deactivated';

/** A requested change without a response: it may or may not have been made. */
export type Unanswered = { key: SigningKey } | { contact: string[] } | { deactivated: true };

/** An account that the server promised, as its holder knows it. */
export class PromisedAccount {
  deactivated = false;
  unanswered: Unanswered | null = null;
  /** Keys it had before a key change (§7.3.5). */
  readonly formerKeys: SigningKey[] = [];
  readonly orders: PromisedOrder[] = [];
  /** newOrder requests without a response: the account may list that many more orders. */
  unansweredOrders = 0;

  constructor(
    readonly url: string,
    public key: SigningKey,
    public contact: readonly string[],
    private readonly report: Report,
  ) {}

  /** The keys whose responses `saw` needs. */
  keys(): SigningKey[] {
    const asked = this.#askedKey();
    return [this.key, ...this.formerKeys, ...(asked ? [asked] : [])];
  }

  /** Every key's response, received just now. They decide the open changes. */
  saw(answers: ReadonlyMap<SigningKey, KeyAnswer>): void {
    const answer = (key: SigningKey): KeyAnswer => answers.get(key) ?? 'unknown';
    const asked = this.#askedKey();
    if (asked && answer(asked) !== 'unknown') this.changedKey(asked);
    for (const former of this.formerKeys) {
      if (answer(former) !== 'unknown') this.report('doubled', `${this.url} is still found by a former key`);
    }
    this.#judge(answer(this.key));
    this.unanswered = null;
  }

  changedKey(key: SigningKey): void {
    this.formerKeys.push(this.key);
    this.key = key;
  }

  /** The account's list of orders (§7.1.2.1). */
  sawOrders(urls: readonly string[]): void {
    const listed = new Set(urls);
    if (listed.size < urls.length) this.report('doubled', `${this.url} lists an order twice`);
    for (const order of this.orders) {
      if (!listed.has(order.url)) this.report('lost', `${order.url} is not in the list of its account`);
    }
    const surplus = listed.size - this.orders.length;
    if (surplus > this.unansweredOrders) {
      this.report('doubled', `${this.url} lists ${surplus} orders more than were answered`);
    }
  }

  #judge(answer: KeyAnswer): void {
    const { url, unanswered } = this;
    if (answer === 'unknown') {
      this.report('lost', `${url} is not found by its key`);
    } else if (answer === 'deactivated') {
      const asked = unanswered !== null && 'deactivated' in unanswered;
      if (!this.deactivated && !asked)
        this.report('contradictory', `${url} is deactivated without a request`);
      this.deactivated = true;
    } else {
      if (answer.url !== url) this.report('doubled', `${url} is found by its key as ${answer.url}`);
      if (this.deactivated) this.report('lost', `the deactivation of ${url}`);
      const may = [this.contact, ...(unanswered && 'contact' in unanswered ? [unanswered.contact] : [])];
      if (!may.some((contact) => contact.join() === answer.contact.join())) {
        this.report('lost', `${url} has contact ${answer.contact}, not ${this.contact}`);
      }
      this.contact = answer.contact;
    }
  }

  #askedKey(): SigningKey | null {
    return this.unanswered !== null && 'key' in this.unanswered ? this.unanswered.key : null;
  }
}
