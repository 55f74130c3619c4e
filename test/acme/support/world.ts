import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import type { AcmeSettings } from '../../../src/acme/context.js';
import { LinkBuilder } from '../../../src/acme/links.js';
import { SharedNonces } from '../../../src/acme/nonces/shared-nonces.js';
import { wellKnownRoutes } from '../../../src/acme/resources/well-known.js';
import { type AcmeOptions, acmeRoutes } from '../../../src/acme/routes.js';
import { createHttpsServer } from '../../../src/http/server.js';
import {
  CaUnavailable,
  type CertificateAuthority,
  type IssueRequest,
  type IssuingCa,
} from '../../../src/model/ca.js';
import { AuditLog } from '../../../src/ra/audit-log.js';
import { FormerBases } from '../../../src/ra/former-bases.js';
import { type LimitSettings, Limits, NO_LIMITS } from '../../../src/ra/limits/limits.js';
import { openAllowances } from '../../../src/ra/limits/local-allowances.js';
import { DEFAULT_POLICY, type Policy } from '../../../src/ra/policy.js';
import {
  createRegistrationAuthority,
  type RunningRegistrationAuthority,
} from '../../../src/ra/registration-authority.js';
import type { RaStore } from '../../../src/store/contract/ra.js';
import type { CaaRefusal, CaaRequest, ValidationRequest, ValidationResult } from '../../../src/va/types.js';
import { parseCsr } from '../../../src/x509/csr.js';
import { AcmeClient } from '../../../tools/kit/acme-client.js';
import type { AcmeClientOptions } from '../../../tools/kit/acme-transport.js';
import { createTestPki, type TestPki } from '../../../tools/kit/test-pki.js';
import { openTestStore, type TestStore } from './store.js';

export interface WorldOptions
  extends Partial<Pick<AcmeOptions, 'isAdmin' | 'isCompromised' | 'alternateChains'>> {
  settings?: Partial<AcmeSettings>;
  /** Takes the RA's log, a line of JSON at a time, from info on. */
  log?(line: string): void;
  /** What the CA does differently. */
  rules?: Partial<IssuingCa>;
  /** Limits other than none. */
  limited?: Partial<LimitSettings>;
  policy?: Partial<Policy>;
  publicUrl?: string;
  /** Absent: a database of its own. */
  openStore?(): Promise<TestStore>;
  /** Another RA of the same authority: it has that one's CA, certificates, network and time. */
  beside?: World;
}

/** A served ACME front end over the real RA and store; only the network, the CA's far end and time are stand-ins. */
export interface World {
  pki: TestPki;
  port: number;
  base: string;
  directoryUrl: string;
  ra: RunningRegistrationAuthority;
  store: RaStore;
  /** The CA's far end. */
  authority: StandInCa;
  /** What validations find; all succeed at first. */
  network: {
    outcome: (
      request: ValidationRequest,
      signal?: AbortSignal,
    ) => ValidationResult | Promise<ValidationResult>;
  };
  /** What CAA records say at finalize; nothing forbids at first. */
  caa: { answer: (request: CaaRequest) => CaaRefusal | null };
  /** The CA cannot be reached while it is `away`; while `silent` it revokes, and its answer is lost. */
  ca: { away: boolean; silent: boolean };
  /** Milliseconds added to the real time. */
  time: { offset: number };
  client(options?: Partial<AcmeClientOptions>): AcmeClient;
  /** A client with an account. */
  account(options?: Partial<AcmeClientOptions>): Promise<AcmeClient>;
  close(): Promise<void>;
}

const SETTINGS: AcmeSettings = {
  caaIdentities: [],
  website: null,
  terms: { text: 'Be good.\n' },
  externalAccounts: { required: false, keys: new Map() },
  persistIssuers: null,
  preauthorization: false,
};

export const VALIDATED: ValidationResult = { ok: true, attempts: [] };
/** The RA's names in every world. */
const NAMES: readonly string[] = ['localhost', 'ra.test', '127.0.0.1'];

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const {
    settings,
    rules,
    limited,
    policy,
    publicUrl = null,
    openStore = openTestStore,
    beside,
    ...acmeOptions
  } = options;
  const pki = beside?.pki ?? createTestPki();
  const network: World['network'] = beside?.network ?? { outcome: () => VALIDATED };
  const caa: World['caa'] = beside?.caa ?? { answer: () => null };
  const ca: World['ca'] = beside?.ca ?? { away: false, silent: false };
  const time = beside?.time ?? { offset: 0 };
  const authority = beside?.authority ?? { ...createCa(pki, ca), ...rules };
  const clock = () => Date.now() + time.offset;
  const { store, remove } = await openStore();
  const log = pino(
    { level: options.log ? 'info' : 'fatal' },
    options.log ? { write: options.log } : process.stdout,
  );
  const server = createHttpsServer({
    log,
    tls: { ...pki.leaf({ commonName: 'ra.test', names: NAMES }), clientCa: [pki.root] },
  });
  const links = new LinkBuilder({
    publicUrl,
    ownNames: () => NAMES,
    port: () => portOf(server.app),
    formerBases: new FormerBases(store),
  });
  const unexpected: unknown[] = [];
  const { allowances, saved } = await openAllowances(store, clock(), (error) => unexpected.push(error));
  const limits = new Limits(allowances, { ...NO_LIMITS, ...limited }, clock);
  const ra = createRegistrationAuthority({
    store,
    ca: authority,
    validator: {
      validate: async (request, signal) => network.outcome(request, signal),
      checkCaa: async (request) => caa.answer(request),
    },
    policy: { ...DEFAULT_POLICY, termsRequired: true, challengeHold: 2000, retryDelays: [], ...policy },
    ownNames: () => NAMES,
    accountUrls: (id) => links.accountUrls(id),
    soleRunner: store.shared === null,
    events: {
      validation: () => {},
      finalization: () => {},
      revocation: () => {},
      error: (error) => unexpected.push(error),
    },
    audit: new AuditLog(store, clock, (error) => unexpected.push(error)),
    limits,
    keep: { certificates: null, unusedAccounts: null, audit: null },
    clock,
    random: randomBytes,
  });
  await server.app.register(acmeRoutes, {
    ra,
    links,
    ...(store.shared && { nonces: await SharedNonces.open(store.shared, { clock }) }),
    settings: { ...SETTINGS, preauthorization: policy?.preauthorization ?? false, ...settings },
    ...acmeOptions,
  });
  await server.app.register(wellKnownRoutes, { ra });
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  ra.start();
  const port = portOf(server.app);
  const base = publicUrl ?? `https://localhost:${port}`;
  const directoryUrl = `${base}/acme/directory`;
  const clients: AcmeClient[] = [];
  const client = (more: Partial<AcmeClientOptions> = {}) => {
    const made = new AcmeClient({ directoryUrl, ca: pki.root, connectTo: '127.0.0.1', ...more });
    clients.push(made);
    return made;
  };
  return {
    ...{ pki, port, base, directoryUrl, ra, store, authority, network, caa, ca, time, client },
    account: async (more) => {
      const made = client(more);
      await made.newAccount();
      return made;
    },
    close: async () => {
      for (const each of clients) each.close();
      await server.app.close();
      await ra.stop();
      await saved();
      await store.close();
      await remove();
      if (unexpected.length > 0) throw new AggregateError(unexpected, 'the RA reported inner errors');
    },
  };
}

type StandInCa = IssuingCa & Pick<CertificateAuthority, 'caCertificates' | 'crl' | 'ping'>;

/** Certifies what it is asked to; the rules of issuance are the CA's own tests' matter. */
function createCa(pki: TestPki, state: World['ca']): StandInCa {
  const issued = new Map<string, { chain: string; serial: string }>();
  const revoked = new Set<string>();
  const reach = () => {
    if (state.away) throw new CaUnavailable('away');
  };
  return {
    issue: async ({ orderId, identifiers, csr }: IssueRequest) => {
      reach();
      const known = issued.get(orderId);
      if (known) return known;
      const names = identifiers.map(({ value }) => value);
      const chain = pki.certify(parseCsr(csr).publicKey.key, {
        names,
      });
      const made = { chain, serial: '' };
      issued.set(orderId, made);
      return made;
    },
    revoke: async (serial) => {
      reach();
      const already = revoked.has(serial);
      revoked.add(serial);
      if (state.silent) throw new CaUnavailable('no answer');
      return { already };
    },
    profiles: async () => [
      { name: 'server', description: 'TLS servers', maxValidity: 60 * 24 * 3600_000 },
      { name: 'webapp', description: 'Web applications', maxValidity: 60 * 24 * 3600_000 },
    ],
    caCertificates: async () => ({ root: pki.root, chain: '' }),
    crl: async () => new Uint8Array(),
    ping: async () => reach(),
  };
}

export function portOf(app: FastifyInstance): number {
  const address = app.server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
