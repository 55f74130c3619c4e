import type { Chance } from './chance.js';
import { checkAccounts } from './check.js';
import { checkCrl } from './crl.js';
import type { Kept } from './databases.js';
import { judgeDatabases } from './judge-databases.js';
import { LoadClient } from './load.js';
import type { PromisedAccount } from './promised-account.js';
import { Abandoned } from './requests.js';
import { settle } from './settle.js';
import type { World } from './world.js';

/** How many accounts of earlier rounds a round checks. */
const SAMPLE = 10;

/** The figures of one round, for people. */
export interface RoundReport {
  /** Milliseconds from the kill until RA and CA served again. */
  outage: number;
  /** Milliseconds to finish every order, to check, and in total. */
  settling: number;
  checking: number;
  took: number;
  /** Orders since the round began. */
  orders: number;
  /** How many of these and earlier orders the crash interrupted. */
  interrupted: number;
}

/** What the run needs of the system under test, in addition to its service. */
export interface Subject {
  /** Writes one of our lines between those of the programs. */
  note(line: string): void;
  /** The contents of the databases once they have no work left. */
  kept(): Promise<Kept>;
}

/** Load, strike, settle, check: one round after another on one world. */
export class Run {
  readonly #clients: LoadClient[];

  constructor(
    private readonly world: World,
    private readonly subject: Subject,
    clients: number,
    private readonly chance: Chance,
  ) {
    this.#clients = Array.from({ length: clients }, (_, index) => new LoadClient(world, `c${index}`));
  }

  /** @param strike causes a fault under load; resolves when the load may end, with the length of the outage in ms */
  async round(strike: () => Promise<number>): Promise<RoundReport> {
    const { ledger } = this.world;
    const chance = this.chance.branch();
    const from = Date.now();
    const before = { orders: ledger.orders.length, accounts: ledger.accounts.length };
    let loading = true;
    const lives = this.#clients.map((client) => client.live(chance.branch(), () => loading));
    const struck = strike().finally(() => {
      loading = false;
    });
    const [outage] = await Promise.all([struck, ...lives]);
    this.subject.note('the load has ended');
    const ended = Date.now();
    const interrupted = ledger.orders.filter(({ open }) => open).length;
    await settle(this.world, chance.branch());
    this.subject.note('every order has ended');
    const settled = Date.now();
    const begun = new Set(ledger.orders.slice(before.orders));
    const fresh = [
      ...ledger.accounts.slice(before.accounts),
      ...ledger.accounts.filter(({ orders }) => orders.some((order) => begun.has(order))),
    ];
    const older = chance.shuffled(ledger.accounts).slice(0, SAMPLE);
    await this.#check([...new Set([...fresh, ...older])], chance.branch());
    const orders = ledger.orders.length - before.orders;
    const now = Date.now();
    return {
      outage,
      orders,
      interrupted,
      settling: settled - ended,
      checking: now - settled,
      took: now - from,
    };
  }

  /** Checks every promise ever made. */
  async checkAll(): Promise<void> {
    await this.#check(this.world.ledger.accounts, this.chance.branch());
  }

  async #check(accounts: readonly PromisedAccount[], chance: Chance): Promise<void> {
    const { ledger } = this.world;
    await checkAccounts(this.world, accounts, chance);
    await checkCrl(this.world).catch((error) => {
      if (!(error instanceof Abandoned)) throw error;
    });
    judgeDatabases(await this.subject.kept(), ledger);
  }
}
