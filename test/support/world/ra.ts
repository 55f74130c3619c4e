import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type Logger, pino } from 'pino';
import type { AcmeSettings } from '../../../src/acme/context.js';
import { LinkBuilder } from '../../../src/acme/links.js';
import { SharedNonces } from '../../../src/acme/nonces/shared-nonces.js';
import { wellKnownRoutes } from '../../../src/acme/resources/well-known.js';
import { type AcmeOptions, acmeRoutes } from '../../../src/acme/routes.js';
import { createHttpsServer, type TlsMaterial } from '../../../src/http/server.js';
import type { IssuingCa } from '../../../src/model/ca.js';
import { AuditLog } from '../../../src/ra/audit-log.js';
import { FormerBases } from '../../../src/ra/former-bases.js';
import { type LimitSettings, Limits, NO_LIMITS } from '../../../src/ra/limits/limits.js';
import { openAllowances } from '../../../src/ra/limits/local-allowances.js';
import type { Policy } from '../../../src/ra/policy.js';
import {
  createRegistrationAuthority,
  type RunningRegistrationAuthority,
} from '../../../src/ra/registration-authority.js';
import type { Validator } from '../../../src/va/types.js';
import { AcmeClient } from '../../../tools/kit/acme-client.js';
import type { AcmeClientOptions } from '../../../tools/kit/acme-transport.js';
import { openTestStore, type TestStore } from './store.js';

/** The parts of the RA that each kind of world provides. */
export interface RaParts {
  /** The CA that issues for the RA. */
  ca: IssuingCa;
  tls: TlsMaterial;
  /** PEM of the root that the RA's clients trust. */
  root: string;
  /** The RA's names. */
  names: readonly string[];
  validator: Validator;
  policy: Policy;
  /** Milliseconds added to the real time. */
  time: { offset: number };
  /** The rate limits; by default there is no limit. */
  limited: Partial<LimitSettings>;
  publicUrl: string | null;
  isCompromised?: ((spkiFingerprint: string) => boolean) | undefined;
  /** Receives each line of the RA's log (JSON), from level info on. */
  log?: ((line: string) => void) | undefined;
  /** Receives the RA's internal errors. */
  onError(error: unknown): void;
  /** Opens the store; by default a new database. */
  openStore?: (() => Promise<TestStore>) | undefined;
}

const SETTINGS: AcmeSettings = {
  caaIdentities: [],
  website: null,
  terms: { text: 'Be good.\n' },
  externalAccounts: { required: false, keys: new Map() },
  persistIssuers: null,
  preauthorization: false,
};

export type TestRa = Awaited<ReturnType<typeof assembleRa>>;

/**
 * An RA with a real store and its HTTPS server, assembled in this process like `startRa` does. The calling world provides
 * the CA, the certificates and the validator, registers the routes that it tests, and starts listening.
 */
export async function assembleRa(parts: RaParts) {
  const { ca, root, names, policy, publicUrl, onError } = parts;
  const clock = () => Date.now() + parts.time.offset;
  const { store, remove } = await (parts.openStore ?? openTestStore)();
  const server = createHttpsServer({ log: loggerTo(parts.log), tls: parts.tls });
  const { app } = server;
  const port = () => portOf(app.server.address());
  const links = new LinkBuilder({
    ...{ publicUrl, port },
    ownNames: () => names,
    formerBases: new FormerBases(store),
  });
  const { allowances, saved } = await openAllowances(store, clock(), onError);
  const limits = new Limits(allowances, { ...NO_LIMITS, ...parts.limited }, clock);
  const audit = new AuditLog(store, clock, onError);
  const ra: RunningRegistrationAuthority = createRegistrationAuthority({
    ...{ store, ca, policy, audit, limits, clock, random: randomBytes },
    ...(parts.isCompromised && { isCompromised: parts.isCompromised }),
    validator: parts.validator,
    ownNames: () => names,
    accountUrls: (id) => links.accountUrls(id),
    soleRunner: store.shared === null,
    events: { validation: () => {}, finalization: () => {}, revocation: () => {}, error: onError },
    keep: { certificates: null, unusedAccounts: null, audit: null },
  });
  const clients: AcmeClient[] = [];
  const base = () => publicUrl ?? `https://localhost:${port()}`;
  return {
    ...{ app, server, store, ra, links, limits, audit, clock, port, base },
    /** Registers the ACME routes; the given settings replace the usual ones. */
    async serveAcme(options: Partial<AcmeOptions>, settings: Partial<AcmeSettings> = {}): Promise<void> {
      await app.register(acmeRoutes, {
        ...{ ra, links, settings: { ...SETTINGS, ...settings } },
        ...(store.shared && { nonces: await SharedNonces.open(store.shared, { clock }) }),
        ...options,
      });
      await app.register(wellKnownRoutes, { ra });
    },
    async listen(): Promise<void> {
      await app.listen({ host: '127.0.0.1', port: 0 });
    },
    /** An ACME client without an account. */
    client(options: Partial<AcmeClientOptions> = {}): AcmeClient {
      const directoryUrl = `${base()}/acme/directory`;
      const made = new AcmeClient({ directoryUrl, ca: root, ...options });
      clients.push(made);
      return made;
    },
    async close(): Promise<void> {
      for (const each of clients) each.close();
      await app.close();
      await ra.stop();
      await saved();
      await store.close();
      await remove();
    },
  };
}

function loggerTo(take: ((line: string) => void) | undefined): Logger {
  return take ? pino({ level: 'info' }, { write: take }) : pino({ level: 'silent' });
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address ? address.port : 0;
}
