import { Agent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { AcmeError, type Located, type OrderBody } from '../kit/acme-bodies.js';
import { AcmeClient } from '../kit/acme-client.js';
import { createCsr } from '../kit/csr.js';
import { generateSigningKey, type SigningKey } from '../kit/jws-signer.js';
import { until } from '../kit/until.js';
import type { Network } from '../promises/network.js';
import type { Cluster } from './cluster.js';

/** How often each race is run: the winning RA differs. */
const RACES = 10;
/** Longer than the pause between two searches for abandoned work, shorter than a validator's time limit. */
const HELD = 6_500;
/** The lease of a validation, and the pause until another RA looks. */
const TAKEN_OVER = 25_000;

/**
 * Checks the facts that RAs on one database must agree on; each request goes to a chosen RA. Returns the results as lines.
 * @throws Error that names the fact on which they differ
 */
export class ReplicaChecks {
  readonly #agents: Agent[];
  #names = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly network: Network,
  ) {
    this.#agents = cluster.ras.map((_, index) => new DirectAgent(cluster.portOf(index)));
  }

  async agree(): Promise<string> {
    await this.#nonces();
    await this.#finalize();
    await this.#keyChange();
    await this.#deactivation();
    return (
      `replicas: ${RACES} nonces of one RA sent to all at once, each taken once; ${RACES} orders finalized at all at once, ` +
      'one certificate each; a key change and a deactivation at one bite at the others'
    );
  }

  /** §8.2: only one RA validates a challenge, and when it dies another takes over. */
  async takeOver(): Promise<string> {
    const [holder] = this.cluster.ras;
    const client = await this.#account();
    const order = await client.newOrder([this.#name()]);
    const [url = ''] = order.body.authorizations;
    await this.#answer(client, url, 1);
    await pause(HELD);
    // Any other validator would have got a response.
    expectThat((await client.authz(url)).status === 'pending', 'a challenge was validated by two at a time');
    await holder?.kill();
    const other = this.#at(1, client.key, client.accountUrl);
    const died = Date.now();
    await until(TAKEN_OVER, async () => {
      const { status } = await other.authz(url);
      expectThat(status === 'valid', `the challenge of an RA that died was not taken over: it is ${status}`);
    });
    const seconds = ((Date.now() - died) / 1000).toFixed(1);
    await holder?.start();
    await this.cluster.ready();
    return `takeover: a challenge was validated by one RA alone, and by another ${seconds} s after the first died`;
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }

  /** §6.5 */
  async #nonces(): Promise<void> {
    const { key, accountUrl } = await this.#account();
    const clients = this.#everywhere(key, accountUrl);
    for (let race = 0; race < RACES; race += 1) {
      const nonce = await this.#at(race % clients.length, key, accountUrl).newNonce();
      const answers = await Promise.all(
        clients.map((client) => client.send(accountUrl ?? '', '', { protected: { nonce } })),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expectThat(statuses.join() === '200,400,400', `one nonce sent to three RAs at once: ${statuses}`);
    }
  }

  /** §7.4 */
  async #finalize(): Promise<void> {
    for (let race = 0; race < RACES; race += 1) {
      const client = await this.#account();
      const name = this.#name();
      const order = await client.newOrder([name]);
      for (const url of order.body.authorizations) {
        await this.#answer(client, url, 0);
        await client.poll<{ status: string }>(url, ({ status }) => status !== 'pending');
      }
      const requests = this.#everywhere(client.key, client.accountUrl).map((at) => ({
        at,
        ...createCsr([name]),
      }));
      const accepted = await Promise.all(requests.map(({ at, der }) => isAccepted(at, order, der)));
      const count = accepted.filter(Boolean).length;
      expectThat(count === 1, `of three finalize requests at three RAs at once ${count} were accepted`);
      const final = await client.poll<OrderBody>(order.url, ({ status }) => status !== 'processing');
      const chains = await Promise.all(requests.map(({ at }) => at.download(final.certificate ?? '')));
      expectThat(new Set(chains).size === 1, 'three RAs have different certificates for one order');
    }
  }

  /** §7.3.5 */
  async #keyChange(): Promise<void> {
    const client = await this.#account();
    const next = generateSigningKey();
    const former = this.#everywhere(client.key, client.accountUrl);
    // Each RA has just used the key, and has it in its cache if it caches any.
    for (const at of former) await at.updateAccount({});
    await client.keyChange(next);
    for (const at of former) {
      expectThat(await isRefused(at.updateAccount({})), 'a key that was changed at one RA counts at another');
    }
    for (const at of this.#everywhere(next, client.accountUrl)) await at.updateAccount({});
  }

  /** §7.3.6 */
  async #deactivation(): Promise<void> {
    const client = await this.#account();
    const clients = this.#everywhere(client.key, client.accountUrl);
    for (const at of clients) await at.updateAccount({});
    await client.updateAccount({ status: 'deactivated' });
    for (const at of clients) {
      const refused = await isRefused(at.newOrder([this.#name()]));
      expectThat(refused, 'an account that was deactivated at one RA orders at another');
    }
  }

  /** Answers an http-01 challenge; the first `hangs` validators never get a response. */
  async #answer(client: AcmeClient, url: string, hangs: number): Promise<void> {
    const { identifier, challenges } = await client.authz(url);
    const challenge = challenges.find(({ type }) => type === 'http-01');
    if (!challenge) throw new Error(`${url} has no http-01 challenge`);
    const { token } = challenge;
    const keyAuthorization = client.keyAuthorization(token);
    this.network.put({ type: 'http-01', name: identifier.value, token, keyAuthorization, misses: 0, hangs });
    await client.respond(challenge.url);
  }

  #name(): string {
    return `r${this.#names++}.replicas.crash.test`;
  }

  async #account(): Promise<AcmeClient> {
    const client = this.#at(0, generateSigningKey(), null);
    await client.newAccount();
    return client;
  }

  /** One client per RA. */
  #everywhere(key: SigningKey, accountUrl: string | null): AcmeClient[] {
    return this.#agents.map((_, index) => this.#at(index, key, accountUrl));
  }

  #at(index: number, key: SigningKey, accountUrl: string | null): AcmeClient {
    const { directoryUrl, rootPem: ca } = this.cluster;
    const agent = this.#agents[index];
    if (!agent) throw new Error(`there is no RA ${index}`);
    return new AcmeClient({ directoryUrl, ca, key, agent, ...(accountUrl !== null && { accountUrl }) });
  }
}

/** Sends every request to one RA, past the balancer, whatever port the URL names. */
class DirectAgent extends Agent {
  constructor(private readonly port: number) {
    super({ keepAlive: false });
  }

  override createConnection(...[options, done]: Parameters<Agent['createConnection']>) {
    return super.createConnection({ ...options, port: this.port }, done);
  }
}

function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

async function isAccepted(client: AcmeClient, order: Located<OrderBody>, csr: Buffer): Promise<boolean> {
  try {
    await client.finalize(order, csr);
    return true;
  } catch (error) {
    if (error instanceof AcmeError && error.type === 'orderNotReady') return false;
    throw error;
  }
}

/** True if the RA refused because of the client; an RA that is not ready has refused nothing. */
async function isRefused(attempt: Promise<unknown>): Promise<boolean> {
  try {
    await attempt;
    return false;
  } catch (error) {
    if (error instanceof AcmeError && error.status < 500) return true;
    throw error;
  }
}
