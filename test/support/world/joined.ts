import { type KeyObject, randomBytes } from 'node:crypto';
import { Agent } from 'node:https';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { newCurveKeyPair } from '../../../src/channel/curve-keys.js';
import type { operations } from '../../../src/channel/tasks/index.js';
import type { TaskClient } from '../../../src/channel/typed-client.js';
import { estRoutes } from '../../../src/est/routes.js';
import { lookBehindProxies } from '../../../src/http/peer.js';
import { type TrustedProxiesOptions, trustedProxies } from '../../../src/http/trusted-proxies.js';
import { DAY } from '../../../src/lib/time.js';
import type { AdminRole } from '../../../src/model/administrators.js';
import type { IssuedCertificate } from '../../../src/model/ca.js';
import { AuditReader } from '../../../src/ra/audit-reader.js';
import { CaClient } from '../../../src/ra/ca/client.js';
import { CompromisedKeys } from '../../../src/ra/ca/compromised-keys.js';
import { NamePolicy } from '../../../src/ra/name-policy.js';
import { Certification } from '../../../src/ra/nodes/certification.js';
import { NodeKeys } from '../../../src/ra/nodes/keys.js';
import { NodeCertificates } from '../../../src/ra/nodes/node-certificates.js';
import { Nodes } from '../../../src/ra/nodes/nodes.js';
import { createOwnCertificates } from '../../../src/ra/nodes/own-certificates.js';
import { createOperator } from '../../../src/ra/operator/index.js';
import { DEFAULT_POLICY, type Policy } from '../../../src/ra/policy.js';
import { isGood } from '../../../src/rest/access.js';
import { type ApiOptions, restApi } from '../../../src/rest/index.js';
import type { RaStore } from '../../../src/store/index.js';
import type { Validator } from '../../../src/va/types.js';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { formatDn } from '../../../src/x509/name.js';
import { fromPem, toPem } from '../../../src/x509/pem.js';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { apiDefaults } from '../../rest/harness.js';
import { type Answer, type Ask, ask, Connection, type Holder } from '../https.js';
import { keyPem, newKey, requestPem } from '../requests.js';
import { CaWorld } from './ca.js';
import { assembleRa, type RaParts, type TestRa } from './ra.js';

export interface JoinedWorldOptions extends Partial<Pick<RaParts, 'limited'>> {
  policy?: Partial<Policy>;
  /** False: nodes must prove their names like all other clients. */
  preauthorization?: boolean;
  /** Profiles of the CA in addition to the built-in ones: YAML by name. */
  profiles?: Record<string, string>;
  /** PEM of the roots of device manufacturers. */
  deviceTrust?: string;
  /** Options of the REST API that replace the usual ones. */
  api?: Partial<ApiOptions>;
  /** Starts the queues, as a serving RA does. */
  background?: boolean;
  /** Options of the running CA, and of its initialisation. */
  ca?: {
    changes?: ConstructorParameters<typeof CaWorld>[0];
    init?: ConstructorParameters<typeof CaWorld>[1];
  };
  /** The trusted proxies. */
  proxies?: Pick<TrustedProxiesOptions, 'proxies' | 'header'>;
}

export interface IssuedHolder extends Holder {
  /** The subject, as RFC 4514 writes it. */
  dn: string;
  /** Lower-case hex. */
  serial: string;
}

/** Decides whether a request is carried out and whether it is answered. */
export type Fault<T> = (carryOut: () => Promise<T>) => Promise<T>;

/** The faults between RA and CA. */
export interface Faults {
  issue?: Fault<IssuedCertificate>;
  enroll?: Fault<IssuedCertificate>;
  reissue?: Fault<IssuedCertificate>;
  revoke?: Fault<{ already: boolean }>;
}

const NAMES = ['localhost', '127.0.0.1'];

/** Validates no name: the certificates are for nodes, whose names need no challenge. */
const NO_VALIDATION: Validator = {
  checkCaa: async () => null,
  validate: async () => ({
    ...{ ok: false, type: 'connection', detail: 'nobody', retryable: false, attempts: [] },
  }),
};

/** The parts of a started world. */
interface Started {
  ra: TestRa;
  tasks: TaskClient<typeof operations>;
  nodes: Nodes;
  root: string;
  alice: IssuedHolder;
}

/** An RA with ACME, REST and EST, a real store, and a real CA at the other end of the channel. Only the validator is a stand-in. */
export class JoinedWorld {
  readonly ca: CaWorld;
  /** Milliseconds added to the RA's time. */
  readonly time = { offset: 0 };
  readonly faults: Faults = {};
  /** Fingerprints of keys on the operator's list. */
  readonly compromised = new Set<string>();
  /** The events about nodes that were logged. */
  readonly events: [what: string, facts: object][] = [];
  /** The internal errors that the RA reported. */
  readonly errors: unknown[] = [];
  readonly #open: { destroy(): unknown }[] = [];
  #connections = 0;
  #started: Started | null = null;

  constructor(private readonly options: JoinedWorldOptions = {}) {
    this.ca = new CaWorld(options.ca?.changes, options.ca?.init, null, options.profiles);
  }

  get #parts(): Started {
    if (this.#started === null) throw new Error('the world has not started');
    return this.#started;
  }

  /** A client of the CA that is authenticated as the RA. */
  get tasks(): TaskClient<typeof operations> {
    return this.#parts.tasks;
  }

  get store(): RaStore {
    return this.#parts.ra.store;
  }

  get nodes(): Nodes {
    return this.#parts.nodes;
  }

  get root(): string {
    return this.#parts.root;
  }

  get base(): string {
    return this.#parts.ra.base();
  }

  /** An administrator with role admin. */
  get alice(): IssuedHolder {
    return this.#parts.alice;
  }

  /** TLS connections made to the RA so far. */
  get connections(): number {
    return this.#connections;
  }

  async start(): Promise<this> {
    await this.ca.start();
    const key = newKey();
    const channel = newCurveKeyPair();
    const registered = await this.ca.registration().call('register', {
      cn: 'localhost',
      sans: [{ type: 'IP', value: '127.0.0.1' }],
      csr: requestPem(['localhost'], { key }),
      curve_public_key: channel.publicKey,
    });
    const root = registered.ca_certificate;
    const [, ...issuers] = fromPem('CERTIFICATE', registered.certificate).map((der) =>
      toPem('CERTIFICATE', der),
    );
    const tasks = this.ca.operations(channel);
    const client = new CaClient({ client: tasks, onCompromise: () => reported.refresh() });
    const reported = new CompromisedKeys({ ca: client, onError: () => undefined });
    const ca = faultyCa(client, this.faults);
    const isCompromised = (of: string) => this.compromised.has(of) || reported.has(of);
    const policy = { ...DEFAULT_POLICY, ...this.options.policy };
    const ra = await assembleRa({
      ...{ ca, root, names: NAMES, validator: NO_VALIDATION, policy, time: this.time, isCompromised },
      ...{ limited: this.options.limited ?? {}, publicUrl: null },
      tls: { key: keyPem(key), cert: registered.certificate, clientCa: [root, ...issuers] },
      onError: (error) => this.errors.push(error),
    });
    ra.app.server.on('secureConnection', () => {
      this.#connections += 1;
    });
    const nodes = await this.#serve(ra, { ca, policy, isCompromised, authorities: [root, ...issuers] });
    if (this.options.background) ra.ra.start();
    await ra.listen();
    const adminKey = newKey();
    const alice = holderOf(adminKey, await this.ca.administrator('alice', adminKey));
    this.#started = { ra, tasks, nodes, root, alice };
    return this;
  }

  /** Registers every route. */
  async #serve(
    ra: TestRa,
    parts: {
      ca: CaClient;
      policy: Policy;
      isCompromised(fingerprint: string): boolean;
      authorities: string[];
    },
  ): Promise<Nodes> {
    const { app, store, limits, audit, clock, links } = ra;
    const { ca, policy, isCompromised } = parts;
    const { api = {}, proxies, deviceTrust = '', preauthorization = true } = this.options;
    const secret = randomBytes(32);
    const keys = new NodeKeys({ store, clock, secret: async () => secret, random: randomBytes });
    const happened = (what: string) => (facts: object) => void this.events.push([what, facts]);
    const names = new NamePolicy(policy);
    const certificates = new NodeCertificates({ store, ca, policy: names, clock });
    const nodeOptions = {
      ...{ store, ca, clock, keys, certificates, random: randomBytes, isCompromised, seedLifetime: DAY },
      policy: names,
      onAccountsEnded: () => ra.ra.accounts.forgetBound(),
      events: {
        registered: happened('registered'),
        enrolled: happened('enrolled'),
        removed: happened('removed'),
      },
    };
    const nodes = new Nodes(nodeOptions);
    const certification = new Certification({ ...nodeOptions, limits });
    if (proxies) {
      const trusted = {
        authorities: () => parts.authorities,
        isGood: (identity: Parameters<typeof isGood>[0]) => isGood(identity, api.ca ?? ca),
      };
      lookBehindProxies(app, trustedProxies({ ...proxies, ...trusted }));
    }
    const baseUrl = (host: string | undefined) => links.forHost(host).base;
    const ownCertificates = createOwnCertificates({ ca, store, certificates, clock, onRevocation: () => {} });
    await ra.serveAcme(
      {
        isCompromised,
        ...(preauthorization && { nodeOf: (identity) => certificates.ofCertificate(identity) }),
      },
      {
        externalAccounts: {
          required: policy.bindingRequired,
          keys: new Map(),
          nodeKey: (id) => keys.find(id),
        },
      },
    );
    await app.register(restApi, {
      prefix: '/api/v1',
      ...apiDefaults,
      ...{ ca, nodes, certification, ownCertificates, audit, clock, isCompromised, baseUrl },
      operator: createOperator({
        ...{ store, ca, clock, policy, troubles: async () => [] },
        validator: { examine: async () => [] },
        stopAccount: (id) => ra.ra.accounts.stop(id),
        onRevocation: () => {},
      }),
      auditReader: new AuditReader(store),
      settings: { UPKI_CA_SEED: '(secret)', UPKI_RA_PORT: '8000' },
      ...api,
    });
    await app.register(estRoutes, {
      ...{ ca, certification, ownCertificates, audit, clock, deviceTrust, baseUrl },
      nodeCertificates: certificates,
      isCompromised: () => false,
      defaultProfile: () => 'server',
    });
    return nodes;
  }

  async close(): Promise<void> {
    for (const each of this.#open) each.destroy();
    await this.#started?.ra.close();
    await this.ca.close();
  }

  /** Stores when accounts were last used. */
  async flushUses(): Promise<void> {
    await this.#parts.ra.ra.uses.flush();
  }

  /** Sends one request below /api/v1, on a new connection unless an agent is given. */
  ask(path: string, holder: Holder | null = null, request: Ask & { agent?: Agent } = {}): Promise<Answer> {
    return ask(`${this.base}/api/v1${path}`, this.root, holder, request);
  }

  /** Opens a connection for several requests, one at a time. */
  async connect(options: ConnectionOptions = {}): Promise<Connection> {
    const { ra, root: ca } = this.#parts;
    const socket = await new Promise<TLSSocket>((resolve, reject) => {
      const address = { host: '127.0.0.1', port: ra.port(), servername: 'localhost' };
      const made = connect({ ...address, ca, ...options });
      made.once('secureConnect', () => resolve(made));
      made.once('error', reject);
    });
    this.#open.push(socket);
    return new Connection(socket);
  }

  /** An ACME client with an account, whose connections present the certificate. */
  async acme(as: Holder | null): Promise<{ client: AcmeClient; agent: Agent }> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...(as && { key: as.key, cert: as.cert }) });
    this.#open.push(agent);
    const client = this.#parts.ra.client({ agent });
    await client.newAccount();
    return { client, agent };
  }

  /** The holder of a certificate that belongs to no node. */
  async holder(
    cn: string,
    profile = 'user',
    { names = [], key = newKey() }: { names?: string[]; key?: KeyObject } = {},
  ): Promise<IssuedHolder> {
    const csr = requestPem(names, { key, cn });
    if (profile === 'ra') {
      return holderOf(key, (await this.ca.registration().call('register', { cn, csr })).certificate);
    }
    const { certificate } = await this.tasks.call('sign', { csr, profile });
    return holderOf(key, certificate);
  }

  /** An administrator on the CA's list. */
  async admin(cn: string, role: AdminRole | null = null, key = newKey()): Promise<IssuedHolder> {
    return holderOf(key, await this.ca.administrator(cn, key, role));
  }

  /** The holder of a good administrator's certificate whose DN is not on the CA's list. */
  async unlisted(cn: string): Promise<IssuedHolder> {
    const holder = await this.admin(cn);
    await this.ca.onMachine(({ store }) => store.removeAdmin(holder.dn));
    return holder;
  }

  /** Registers a node as alice and returns the `data` of the answer. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape
  async register(body: object): Promise<any> {
    return this.#posted('/private/nodes', this.alice, body, 201);
  }

  /** Registers a node, which then gets its certificate by its seed. */
  async enrolled(body: { names?: string[]; cn: string; sans?: unknown; profile?: string }) {
    const { seed, cn } = await this.register(body);
    const csr = (key: KeyObject) => requestPem([], { key, cn });
    const holder = await this.#certified('/public/certify', null, 200, (key) => ({ seed, csr: csr(key) }));
    return { ...holder, seed: String(seed) };
  }

  /** Renews a node's certificate by `client/renew`, with a new key. */
  renewed(node: Holder): Promise<IssuedHolder> {
    return this.#certified('/client/renew', node, 201, (key) => ({ csr: requestPem([], { key, cn: 'x' }) }));
  }

  async #certified(
    path: string,
    as: Holder | null,
    status: number,
    body: (key: KeyObject) => object,
  ): Promise<IssuedHolder> {
    const key = newKey();
    const { certificate, chain } = await this.#posted(path, as, body(key), status);
    return holderOf(key, certificate + chain);
  }

  async #posted(path: string, as: Holder | null, body: object, status: number) {
    const answer = await this.ask(path, as, { method: 'POST', body });
    if (answer.status !== status) throw new Error(answer.text);
    return answer.json.data;
  }
}

function faultyCa(ca: CaClient, faults: Faults): CaClient {
  const issue = ca.issue.bind(ca);
  const enroll = ca.enroll.bind(ca);
  const reissue = ca.reissue.bind(ca);
  const revoke = ca.revoke.bind(ca);
  const through = <T>(fault: Fault<T> | undefined, carryOut: () => Promise<T>) =>
    fault ? fault(carryOut) : carryOut();
  ca.issue = (request) => through(faults.issue, () => issue(request));
  ca.enroll = (request) => through(faults.enroll, () => enroll(request));
  ca.reissue = (serial, csr) => through(faults.reissue, () => reissue(serial, csr));
  ca.revoke = (serial, reason) => through(faults.revoke, () => revoke(serial, reason));
  return ca;
}

/** @param certificate PEM, leaf first */
export function holderOf(key: KeyObject, certificate: string): IssuedHolder {
  const [der] = fromPem('CERTIFICATE', certificate);
  const { subject, serial } = parseCertificate(der ?? Buffer.alloc(0));
  return { key: keyPem(key), cert: certificate, dn: formatDn(subject), serial };
}
