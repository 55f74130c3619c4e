import { Agent } from 'node:https';
import { AcmeClient } from '../kit/acme-client.js';
import { generateSigningKey, type SigningKey } from '../kit/jws-signer.js';
import type { Ledger } from './ledger.js';
import type { Network } from './network.js';
import type { AccountKey } from './promised-order.js';
import type { Requests } from './requests.js';

/** Longer than the RA holds any response. */
const TIMEOUT = 15_000;

/** The addresses of the uPKI under test. */
export interface Served {
  readonly directoryUrl: string;
  readonly rootPem: string;
  /** Base of the plain HTTP listener, without a trailing slash. */
  readonly plainUrl: string;
}

/** The state that every client and every check shares. */
export class World {
  readonly #agents: [Agent, ...Agent[]];
  #next = 0;
  readonly #clients = new Map<AccountKey, AcmeClient>();

  constructor(
    readonly served: Served,
    readonly network: Network,
    readonly ledger: Ledger,
    readonly requests: Requests,
    /** The clients take these in turn. */
    agents: readonly [Agent, ...Agent[]] = [new Agent({ keepAlive: true, maxSockets: 32 })],
  ) {
    this.#agents = [...agents];
  }

  /** A client without an account. */
  client(key: SigningKey = generateSigningKey(), accountUrl?: string): AcmeClient {
    const { directoryUrl, rootPem: ca } = this.served;
    const account = accountUrl === undefined ? {} : { accountUrl };
    const agent = this.#agents[this.#next++ % this.#agents.length] ?? this.#agents[0];
    return new AcmeClient({ directoryUrl, ca, key, agent, timeout: TIMEOUT, ...account });
  }

  /** The account's client, which signs with the account's current key. */
  clientOf(account: AccountKey): AcmeClient {
    const known = this.#clients.get(account);
    if (known?.key === account.key) return known;
    const client = this.client(account.key, account.url);
    this.#clients.set(account, client);
    return client;
  }

  /** Nonces that were refused because the RA restarted after it issued them (§6.5). */
  get badNonces(): number {
    return [...this.#clients.values()].reduce((sum, { badNonces }) => sum + badNonces, 0);
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }
}

/** Runs `work` for every item, `limit` at a time. */
export async function each<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const item of waiting) await work(item);
    }),
  );
}
