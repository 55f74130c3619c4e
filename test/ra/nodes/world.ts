import { type KeyObject, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Agent, request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { pino } from 'pino';
import { LinkBuilder } from '../../../src/acme/links.js';
import { acmeRoutes } from '../../../src/acme/routes.js';
import type { operations } from '../../../src/channel/tasks/index.js';
import type { TaskClient } from '../../../src/channel/typed-client.js';
import { estRoutes } from '../../../src/est/routes.js';
import { createHttpsServer } from '../../../src/http/server.js';
import type { IssuedCertificate } from '../../../src/model/ca.js';
import { AuditLog } from '../../../src/ra/audit-log.js';
import { CaClient } from '../../../src/ra/ca/client.js';
import { CompromisedKeys } from '../../../src/ra/ca/compromised-keys.js';
import { FormerBases } from '../../../src/ra/former-bases.js';
import { type LimitSettings, Limits, NO_LIMITS } from '../../../src/ra/limits/limits.js';
import { LocalAllowances } from '../../../src/ra/limits/local-allowances.js';
import { NamePolicy } from '../../../src/ra/name-policy.js';
import { Certification, type CertificationOptions } from '../../../src/ra/nodes/certification.js';
import { NodeKeys } from '../../../src/ra/nodes/keys.js';
import { Nodes } from '../../../src/ra/nodes/nodes.js';
import { createOwnCertificates } from '../../../src/ra/nodes/own-certificates.js';
import { createOperator } from '../../../src/ra/operator/index.js';
import { DEFAULT_POLICY, type Policy } from '../../../src/ra/policy.js';
import { createRegistrationAuthority } from '../../../src/ra/registration-authority.js';
import { restApi } from '../../../src/rest/index.js';
import type { RaStore } from '../../../src/store/contract/ra.js';
import { AcmeClient } from '../../../tools/kit/acme-client.js';
import { openTestStore } from '../../acme/support/store.js';
import { portOf } from '../../acme/support/world.js';
import { apiDefaults } from '../../rest/harness.js';
import { newKey, requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';

/** The holder of a certificate. PEM. */
export interface Holder {
  key: string;
  cert: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  json: any;
}

export interface Call {
  method?: string;
  body?: unknown;
  as?: Holder | null;
  headers?: Record<string, string>;
  /** Kept-alive connections; a new connection when absent. */
  agent?: Agent;
}

export interface NodeWorldOptions {
  /** Limits other than none. */
  limited?: Partial<LimitSettings>;
  policy?: Partial<Policy>;
  preauthorization?: boolean;
  /** Profiles of the CA beside the built-in ones: YAML by name. */
  profiles?: Record<string, string>;
  /** PEM of makers of devices. */
  deviceTrust?: string;
  certification?: Partial<Pick<CertificationOptions, 'isCompromised' | 'seedLifetime'>>;
}

/** Carries a request out, or not, and answers, or not. */
export type Fault<T> = (carryOut: () => Promise<T>) => Promise<T>;

export const HOUR = 3600_000;

/** A served RA over a real store, joined to a real CA by the channel; only its validator, which proves nothing, is made up. */
export interface NodeWorld {
  base: string;
  root: string;
  admin: Holder;
  ca: CaWorld;
  tasks: TaskClient<typeof operations>;
  store: RaStore;
  nodes: Nodes;
  /** Milliseconds added to the RA's time. */
  time: { offset: number };
  /** Writes down when accounts were last used. */
  flushUses(): Promise<void>;
  /** What goes wrong between RA and CA. */
  faults: {
    issue?: Fault<IssuedCertificate>;
    enroll?: Fault<IssuedCertificate>;
    reissue?: Fault<IssuedCertificate>;
    revoke?: Fault<{ already: boolean }>;
  };
  /** TLS connections made to the RA so far. */
  connections(): number;
  /** What the log was told of nodes. */
  events: [what: string, facts: object][];
  /** Below /api/v1. */
  api(path: string, call?: Call): Promise<Answer>;
  /** Registers a node as the administrator and gives the `data` of the answer. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  register(body: object): Promise<any>;
  /** A node with its certificate. */
  enrolled(body: {
    names?: string[];
    cn: string;
    sans?: unknown;
    profile?: string;
  }): Promise<Holder & { serial: string; seed: string }>;
  /** A node with the certificate that `client/renew` gives it, for a new key. */
  renewed(node: Holder): Promise<Holder & { serial: string }>;
  /** Anybody's certificate, made by the CA beside all nodes. */
  holder(profile: string, names: string[], cn?: string): Promise<Holder>;
  /** An ACME client with an account, whose connections present the certificate. */
  acme(as: Holder | null): Promise<{ client: AcmeClient; agent: Agent }>;
  close(): Promise<void>;
}

export async function createNodeWorld(options: NodeWorldOptions = {}): Promise<NodeWorld> {
  const world = await startCa(options.profiles ?? {});
  const tasks = await world.registered();
  const { root, chain } = await tasks.call('get_ca_chain', {});
  const holder: NodeWorld['holder'] = async (profile, names, cn) => {
    const key = newKey();
    const csr = requestPem(names, { key, ...(cn !== undefined && { cn }) });
    const { certificate } = await tasks.call('sign', { csr, profile });
    return { key: keyPem(key), cert: certificate };
  };
  const adminKey = newKey();
  const admin = { key: keyPem(adminKey), cert: await world.administrator('alice', adminKey) };

  const { store, remove } = await openTestStore();
  const names = ['localhost', '127.0.0.1'];
  const tlsKey = newKey();
  const csr = requestPem(['localhost'], { key: tlsKey });
  const { certificate } = await world.registration().call('register', { cn: 'localhost', csr });
  const tls = { key: keyPem(tlsKey), cert: certificate };
  const log = pino({ level: 'silent' });
  const server = createHttpsServer({ log, tls: { ...tls, clientCa: [root, chain] } });
  const links = new LinkBuilder({
    publicUrl: null,
    ownNames: () => names,
    port: () => portOf(server.app),
    formerBases: new FormerBases(store),
  });
  const faults: NodeWorld['faults'] = {};
  const client = new CaClient({ client: tasks, onCompromise: () => compromised.refresh() });
  const compromised = new CompromisedKeys({ ca: client, onError: () => undefined });
  const ca = faultyCa(client, faults);
  const listed = options.certification?.isCompromised ?? (() => false);
  const isCompromised = (key: string) => listed(key) || compromised.has(key);
  const time = { offset: 0 };
  const clock = () => Date.now() + time.offset;
  const policy = { ...DEFAULT_POLICY, ...options.policy };
  const audit = new AuditLog(store, clock, () => {});
  const limits = new Limits(
    new LocalAllowances(store, () => {}),
    { ...NO_LIMITS, ...options.limited },
    clock,
  );
  const ra = createRegistrationAuthority({
    isCompromised,
    store,
    ca,
    validator: {
      checkCaa: async () => null,
      validate: async () => ({
        ok: false,
        type: 'connection',
        detail: 'nobody',
        retryable: false,
        attempts: [],
      }),
    },
    policy,
    ownNames: () => names,
    accountUrls: (id) => links.accountUrls(id),
    soleRunner: true,
    events: { validation: () => {}, finalization: () => {}, revocation: () => {}, error: () => {} },
    audit,
    limits,
    keep: { certificates: null, unusedAccounts: null, audit: null },
    clock,
    random: randomBytes,
  });
  const events: NodeWorld['events'] = [];
  const secret = randomBytes(32);
  const keys = new NodeKeys({ store, clock, secret: async () => secret, random: randomBytes });
  const nodeOptions = {
    ...{ store, ca, clock },
    policy: new NamePolicy(policy),
    keys,
    onAccountsEnded: () => ra.accounts.forgetBound(),
    seedLifetime: 24 * HOUR,
    events: {
      registered: (facts: object) => events.push(['registered', facts]),
      enrolled: (facts: object) => events.push(['enrolled', facts]),
      removed: (facts: object) => events.push(['removed', facts]),
    },
    random: randomBytes,
    ...options.certification,
    isCompromised,
  };
  const nodes = new Nodes(nodeOptions);
  const certification = new Certification({ ...nodeOptions, nodes, limits });
  await server.app.register(acmeRoutes, {
    ra,
    links,
    settings: {
      caaIdentities: [],
      website: null,
      terms: { text: '' },
      externalAccounts: {
        required: policy.bindingRequired,
        keys: new Map(),
        nodeKey: (id) => keys.find(id),
      },
      persistIssuers: null,
      preauthorization: false,
    },
    isCompromised,
    ...(options.preauthorization !== false && { nodeOf: (identity) => nodes.ofCertificate(identity) }),
  });
  await server.app.register(restApi, {
    prefix: '/api/v1',
    ...apiDefaults,
    ...{ ca, nodes, certification, audit, clock, isCompromised },
    operator: createOperator({
      ...{ store, ca, clock, troubles: async () => [] },
      policy,
      validator: { examine: async () => [] },
      stopAccount: (id) => ra.accounts.stop(id),
      onRevocation: () => {},
    }),
    ownCertificates: createOwnCertificates({ ca, store, nodes, clock, onRevocation: () => {} }),
    baseUrl: (host) => links.forHost(host).base,
  });
  await server.app.register(estRoutes, {
    ...{ ca, certification, audit, clock },
    ownCertificates: createOwnCertificates({ ca, store, nodes, clock, onRevocation: () => {} }),
    isCompromised: () => false,
    deviceTrust: options.deviceTrust ?? '',
    defaultProfile: () => 'server',
    baseUrl: (host) => links.forHost(host).base,
  });
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  let connections = 0;
  server.app.server.on('secureConnection', () => {
    connections += 1;
  });
  const base = `https://localhost:${portOf(server.app)}`;
  const agents: Agent[] = [];
  const clients: AcmeClient[] = [];

  const api: NodeWorld['api'] = (path, call) => ask(`${base}/api/v1${path}`, root, call);
  const registered: NodeWorld['register'] = async (body) => {
    const answer = await api('/private/nodes', { method: 'POST', body, as: admin });
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.json.data;
  };
  return {
    ...{ base, root, admin, tasks, store, nodes, time, faults, events, api, holder },
    flushUses: () => ra.uses.flush(),
    connections: () => connections,
    ca: world,
    register: registered,
    async enrolled(body) {
      const { seed, cn } = await registered(body);
      const nodeKey = newKey();
      const answer = await api('/public/certify', {
        method: 'POST',
        body: { seed, csr: requestPem([], { key: nodeKey, cn }) },
      });
      if (answer.status !== 200) throw new Error(answer.text);
      const { certificate, chain: issuers, serial } = answer.json.data;
      return { key: keyPem(nodeKey), cert: certificate + issuers, serial, seed };
    },
    async renewed(node) {
      const nodeKey = newKey();
      const body = { csr: requestPem([], { key: nodeKey, cn: 'x' }) };
      const answer = await api('/client/renew', { method: 'POST', body, as: node });
      if (answer.status !== 201) throw new Error(answer.text);
      const { certificate, chain: issuers, serial } = answer.json.data;
      return { key: keyPem(nodeKey), cert: certificate + issuers, serial };
    },
    async acme(as) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1, ...(as ?? {}) });
      const client = new AcmeClient({ directoryUrl: `${base}/acme/directory`, ca: root, agent });
      agents.push(agent);
      clients.push(client);
      await client.newAccount();
      return { client, agent };
    },
    async close() {
      for (const client of clients) client.close();
      for (const agent of agents) agent.destroy();
      await server.app.close();
      await ra.stop();
      await store.close();
      await world.close();
      await remove();
    },
  };
}

function faultyCa(ca: CaClient, faults: NodeWorld['faults']): CaClient {
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

const keyPem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

async function startCa(profiles: Record<string, string>): Promise<CaWorld> {
  const world = await new CaWorld().start();
  if (Object.keys(profiles).length === 0) return world;
  await world.stop();
  for (const [name, yaml] of Object.entries(profiles)) {
    await writeFile(join(world.dataDir, 'profiles', `${name}.yml`), yaml);
  }
  return world.start();
}

/** One request, on a connection of its own unless an agent is given. */
export function ask(
  url: string,
  ca: string,
  { method = 'GET', body, as, headers, agent }: Call = {},
): Promise<Answer> {
  const content = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      url,
      {
        method,
        ca,
        servername: 'localhost',
        agent: agent ?? new Agent({ keepAlive: false }),
        ...(as ?? {}),
        headers: { ...(content !== undefined && { 'content-type': 'application/json' }), ...headers },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
        });
      },
    );
    sent.once('error', reject);
    sent.end(content);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
