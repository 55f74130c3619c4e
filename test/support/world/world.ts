import type { AcmeSettings } from '../../../src/acme/context.js';
import type { AcmeOptions } from '../../../src/acme/routes.js';
import type { IssuingCa } from '../../../src/model/ca.js';
import { DEFAULT_POLICY, type Policy } from '../../../src/ra/policy.js';
import type { CaaRefusal, CaaRequest, ValidationRequest, ValidationResult } from '../../../src/va/types.js';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import type { AcmeClientOptions } from '../../../tools/kit/acme-transport.js';
import { createTestPki, type TestPki } from '../../../tools/kit/test-pki.js';
import { assembleRa, type RaParts, type TestRa } from './ra.js';
import { type Reachability, type StandInCa, standInCa } from './stand-in-ca.js';

export interface WorldOptions
  extends Partial<Pick<AcmeOptions, 'isAdmin' | 'isCompromised' | 'alternateChains'>>,
    Partial<Pick<RaParts, 'limited' | 'log' | 'openStore' | 'publicUrl'>> {
  settings?: Partial<AcmeSettings>;
  /** Methods that replace those of the stand-in CA. */
  rules?: Partial<IssuingCa>;
  policy?: Partial<Policy>;
  /** Another world. The new RA shares its CA, certificates, network and time. */
  beside?: World;
}

/** A served ACME front end with the real RA and store. Only the network, the CA and the clock are stand-ins. */
export interface World extends Pick<TestRa, 'ra' | 'store'> {
  pki: TestPki;
  port: number;
  base: string;
  directoryUrl: string;
  /** The stand-in CA. */
  authority: StandInCa;
  /** The rules in effect; a test may change them, as `upki rules` does. */
  policy: Policy;
  /** The outcome of validations; by default all succeed. */
  network: {
    outcome: (
      request: ValidationRequest,
      signal?: AbortSignal,
    ) => ValidationResult | Promise<ValidationResult>;
  };
  /** The outcome of CAA checks at finalize; by default nothing is forbidden. */
  caa: { answer: (request: CaaRequest) => CaaRefusal | null };
  /** Whether the CA can be reached. */
  ca: Reachability;
  /** Milliseconds added to the real time. */
  time: { offset: number };
  client(options?: Partial<AcmeClientOptions>): AcmeClient;
  /** A client with an account. */
  account(options?: Partial<AcmeClientOptions>): Promise<AcmeClient>;
  close(): Promise<void>;
}

export const VALIDATED: ValidationResult = { ok: true, attempts: [] };
/** The RA's names in every world. */
const NAMES: readonly string[] = ['localhost', 'ra.test', '127.0.0.1'];

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const {
    settings,
    rules,
    policy: more,
    beside,
    isAdmin,
    isCompromised,
    alternateChains,
    ...parts
  } = options;
  const pki = beside?.pki ?? createTestPki();
  const network: World['network'] = beside?.network ?? { outcome: () => VALIDATED };
  const caa: World['caa'] = beside?.caa ?? { answer: () => null };
  const ca: World['ca'] = beside?.ca ?? { away: false, silent: false };
  const time = beside?.time ?? { offset: 0 };
  const authority = beside?.authority ?? { ...standInCa(pki, ca), ...rules };
  const policy = {
    ...DEFAULT_POLICY,
    ...{ termsRequired: true, challengeHold: 2000, retryDelays: [], ...more },
  };
  const unexpected: unknown[] = [];
  const served = await assembleRa({
    ...{ limited: {}, publicUrl: null, ...parts },
    ...{ ca: authority, root: pki.root, names: NAMES, time },
    tls: { ...pki.leaf({ commonName: 'ra.test', names: NAMES }), clientCa: [pki.root] },
    validator: {
      validate: async (request, signal) => network.outcome(request, signal),
      checkCaa: async (request) => caa.answer(request),
    },
    policy,
    onError: (error) => unexpected.push(error),
  });
  await served.serveAcme(
    {
      ...(isAdmin && { isAdmin }),
      ...(isCompromised && { isCompromised }),
      ...(alternateChains && { alternateChains }),
    },
    { preauthorization: policy.preauthorization, ...settings },
  );
  await served.listen();
  const { ra, store } = served;
  ra.start();
  const base = served.base();
  const client = (chosen: Partial<AcmeClientOptions> = {}) =>
    served.client({ connectTo: '127.0.0.1', ...chosen });
  return {
    ...{ pki, base, ra, store, authority, policy, network, caa, ca, time, client },
    port: served.port(),
    directoryUrl: `${base}/acme/directory`,
    account: async (more) => {
      const made = client(more);
      await made.newAccount();
      return made;
    },
    close: async () => {
      await served.close();
      if (unexpected.length > 0) throw new AggregateError(unexpected, 'the RA reported inner errors');
    },
  };
}
