import { setTimeout as pause } from 'node:timers/promises';
import { generateSigningKey, type SigningKey } from '../kit/jws-signer.js';
import { lookUp } from './accounts.js';
import type { Chance } from './chance.js';
import { FORBIDDEN_DOMAIN } from './network.js';
import { OrderSteps } from './order.js';
import type { PromisedAccount, Unanswered } from './promised-account.js';
import type { ChallengeType, OrderPlan } from './promised-order.js';
import { Abandoned } from './requests.js';
import type { World } from './world.js';

/** Number of names of a client before they repeat; more than a client's open orders. */
const NAMES = 64;
const AFTER_A_FAILURE = 100;
/** RFC 5280 §5.3.1 codes that a subscriber may give, and undefined. */
const REASONS = [undefined, 0, 1, 3, 4, 5, 9] as const;

/** One ACME user, with one account at a time. */
export class LoadClient {
  #account: PromisedAccount | null = null;
  /** An account whose request has no response yet. */
  #draft: { key: SigningKey; contact: string[]; asked: boolean } | null = null;
  #orders = 0;

  constructor(
    private readonly world: World,
    private readonly name: string,
  ) {}

  /** Performs one action after another while `going`. An action that a crash interrupts is left as it is. */
  async live(chance: Chance, going: () => boolean): Promise<void> {
    while (going()) {
      try {
        await this.#something(chance, going);
      } catch (error) {
        if (!(error instanceof Abandoned)) throw error;
        await pause(AFTER_A_FAILURE);
      }
    }
  }

  async #something(chance: Chance, going: () => boolean): Promise<void> {
    const account = this.#account;
    if (account === null || account.deactivated) return this.#register(chance);
    if (account.unanswered !== null) return lookUp(this.world, account);
    const choice = chance.next();
    if (choice < 0.05) return this.#changeContact(account, chance);
    if (choice < 0.1) return this.#changeKey(account);
    if (choice < 0.14) return this.#deactivate(account);
    if (choice < 0.18) {
      this.#account = null;
      return;
    }
    await this.#order(account, chance, going);
  }

  /** §7.3; a request without a response is repeated, and finds the account it may have created. */
  async #register(chance: Chance): Promise<void> {
    const { ledger, requests } = this.world;
    this.#draft ??= { key: generateSigningKey(), contact: contact(chance), asked: false };
    const draft = this.#draft;
    const repeated = draft.asked;
    draft.asked = true;
    const { status, json, headers } = await requests.ask('newAccount', () =>
      this.world.client(draft.key).newAccount({ contact: draft.contact }),
    );
    this.#draft = null;
    this.#account = ledger.openAccount(headers.location ?? '', draft.key, draft.contact);
    if (status !== 201 && !repeated)
      ledger.report('contradictory', `newAccount answered ${status} to a fresh key`);
    if (json.status !== 'valid' || json.contact?.join() !== draft.contact.join()) {
      ledger.report('contradictory', `newAccount answered ${JSON.stringify(json)}`);
    }
  }

  /** §7.3.2 */
  async #changeContact(account: PromisedAccount, chance: Chance): Promise<void> {
    const next = contact(chance);
    await this.#change(account, { contact: next }, (client) => client.updateAccount({ contact: next }));
    account.contact = next;
  }

  /** §7.3.5; never while a challenge may be under validation: no RFC says which of the two keys its answer needs. */
  async #changeKey(account: PromisedAccount): Promise<void> {
    if (account.orders.some(({ open, body }) => open && body.status === 'pending')) return;
    const key = generateSigningKey();
    await this.#change(account, { key }, (client) => client.keyChange(key));
    account.changedKey(key);
  }

  /** §7.3.6 */
  async #deactivate(account: PromisedAccount): Promise<void> {
    await this.#change(account, { deactivated: true }, (client) =>
      client.updateAccount({ status: 'deactivated' }),
    );
    account.deactivated = true;
  }

  async #change(
    account: PromisedAccount,
    change: Unanswered,
    request: (client: ReturnType<World['clientOf']>) => Promise<unknown>,
  ): Promise<void> {
    account.unanswered = change;
    const [what] = Object.keys(change);
    await this.world.requests.ask(`change ${what} of ${account.url}`, () =>
      request(this.world.clientOf(account)),
    );
    account.unanswered = null;
  }

  async #order(account: PromisedAccount, chance: Chance, going: () => boolean): Promise<void> {
    const { ledger, requests } = this.world;
    const plan = this.#plan(chance);
    account.unansweredOrders++;
    const { url, body } = await requests.ask('newOrder', () =>
      this.world.clientOf(account).newOrder(plan.names),
    );
    account.unansweredOrders--;
    const order = ledger.openOrder(account, url, body, plan);
    if (plan.conduct === 'abandoned') return;
    const steps = new OrderSteps(this.world, order, chance, going);
    await steps.answerChallenges();
    // Left open: it is checked after the round, whatever was killed meanwhile.
    if (plan.conduct === 'late') return;
    await steps.awaitAuthorizations();
    await steps.finalize();
    await steps.awaitCertificate();
    await steps.download();
    if (chance.happens(0.25)) await steps.revoke(chance.pick(REASONS));
  }

  #plan(chance: Chance): OrderPlan {
    const number = this.#orders++ % NAMES;
    const choice = chance.next();
    const conduct =
      choice < 0.8 ? 'prompt' : choice < 0.9 ? 'late' : choice < 0.95 ? 'forbidden' : 'abandoned';
    const domain = conduct === 'forbidden' ? FORBIDDEN_DOMAIN : 'crash.test';
    const challenge = chance.pick<ChallengeType>(['http-01', 'dns-01', 'tls-alpn-01']);
    const name = `h${number}.${this.name}.${domain}`;
    const second = challenge === 'dns-01' ? `*.${name}` : `www.${name}`;
    return { names: chance.happens(0.3) ? [name, second] : [name], challenge, conduct };
  }
}

function contact(chance: Chance): string[] {
  return [`mailto:admin${chance.between(1, 999_999)}@crash.test`];
}
