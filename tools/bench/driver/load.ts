import { generateSigningKey } from '../../kit/jws-signer.js';
import type { Target } from '../servers/target.js';
import { Account, type Directory, Refused } from './account.js';
import { Connection, type Endpoint } from './connection.js';
import { CsrMaker } from './csr-maker.js';
import { FlowFailed, issue, type StepTimes } from './flow.js';
import type { Responder } from './responder.js';

/** What clients measured between `start` and `stop`. */
export interface Seen {
  issued: StepTimes[];
  requests: number;
  badNonces: number;
  /** Refused or failed flows, by error message. */
  failures: Map<string, number>;
}

/**
 * Clients with one account and one connection each, which run the whole flow repeatedly, each time for a new
 * name. Runs from `start` to `stop`; counts from the last `measure`.
 */
export class Load {
  readonly #csrs = new CsrMaker();
  #accounts: Account[] = [];
  #running: Promise<void>[] = [];
  #stopping = false;
  #names = 0;
  #requestsBefore = 0;
  #badNoncesBefore = 0;
  #seen: Seen = emptySeen();

  constructor(
    private readonly target: Target,
    private readonly responder: Responder,
    private readonly clients: number,
    /** Keeps two loads from ordering the same name. */
    private readonly label: string,
  ) {}

  /** Registers the accounts, then starts the clients. */
  async start(): Promise<void> {
    const endpoint = endpointOf(this.target);
    const directory = await readDirectory(this.target.directoryUrl, endpoint);
    this.#accounts = Array.from(
      { length: this.clients },
      () => new Account(generateSigningKey(), directory, new Connection(endpoint)),
    );
    for (const account of this.#accounts) await account.register();
    this.#running = this.#accounts.map((account) => this.#client(account));
  }

  /** Starts counting. */
  measure(): void {
    this.#seen = emptySeen();
    this.#requestsBefore = this.#sum('requests');
    this.#badNoncesBefore = this.#sum('badNonces');
  }

  /** The figures since `measure`. */
  seen(): Seen {
    return {
      ...this.#seen,
      requests: this.#sum('requests') - this.#requestsBefore,
      badNonces: this.#sum('badNonces') - this.#badNoncesBefore,
    };
  }

  /** Lets every client finish its certificate. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running);
    for (const { connection } of this.#accounts) connection.close();
  }

  async #client(account: Account): Promise<void> {
    while (!this.#stopping) {
      const name =
        this.target.identifiers === 'ip' ? '127.0.0.1' : `c${this.#names++}.${this.label}.bench.internal`;
      try {
        const times = await issue(account, name, this.#csrs, this.responder);
        this.#seen.issued.push(times);
      } catch (error) {
        const what = error instanceof Refused || error instanceof FlowFailed ? error.message : String(error);
        this.#seen.failures.set(what, (this.#seen.failures.get(what) ?? 0) + 1);
      }
    }
  }

  #sum(what: 'requests' | 'badNonces'): number {
    return this.#accounts.reduce((sum, account) => sum + account[what], 0);
  }
}

function emptySeen(): Seen {
  return { issued: [], requests: 0, badNonces: 0, failures: new Map() };
}

export function endpointOf({
  directoryUrl,
  serverRoot,
}: Pick<Target, 'directoryUrl' | 'serverRoot'>): Endpoint {
  const { hostname, port } = new URL(directoryUrl);
  return { address: '127.0.0.1', port: Number(port), servername: hostname, ca: serverRoot };
}

export async function readDirectory(url: string, endpoint: Endpoint): Promise<Directory> {
  const connection = new Connection(endpoint);
  const answer = await connection.request('GET', new URL(url).pathname);
  connection.close();
  return JSON.parse(answer.body.toString()) as Directory;
}
