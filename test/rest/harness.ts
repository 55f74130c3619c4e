import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import * as peculiar from '@peculiar/x509';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { createHttpServer } from '../../src/http/server.js';
import { CaUnavailable } from '../../src/model/ca.js';
import { Refused } from '../../src/model/refusal.js';
import { AuditLog } from '../../src/ra/audit-log.js';
import type { OwnCertificates } from '../../src/ra/nodes/own-certificates.js';
import type { Operator } from '../../src/ra/operator/index.js';
import type { ApiOptions, AskedOfCa } from '../../src/rest/index.js';

/** A root, an issuer and a CRL, made by a library that is not ours. */
async function material() {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = async (cn: string) => {
    const name = `CN=${cn}`;
    const made = await peculiar.X509CertificateGenerator.createSelfSigned({
      name,
      keys,
      signingAlgorithm: algorithm,
    });
    return `${made.toString('pem')}\n`;
  };
  const crl = await peculiar.X509CrlGenerator.create({
    issuer: 'CN=issuer',
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
  });
  return {
    root: await certificate('root'),
    chain: await certificate('issuer'),
    crl: new Uint8Array(crl.rawData),
  };
}

/** What the API asks of a CA: `material`, or that it is away. */
export async function standInCa(options: { away?: boolean; roots?: number } = {}) {
  const { root: first, chain, crl } = await material();
  const others = Array.from({ length: (options.roots ?? 1) - 1 }, material);
  const root = [first, ...(await Promise.all(others)).map((other) => other.root)].join('');
  const orAway = async <T>(value: T): Promise<T> => {
    if (options.away) throw new CaUnavailable('no answer');
    return value;
  };
  const ca = {
    ...noCa,
    caCertificates: () => orAway({ root, chain }),
    crl: () => orAway(crl),
    authorities: () => orAway([]),
    ping: () => orAway(undefined),
  };
  return { ca, root, chain, crl };
}

const noAnswer = () => Promise.reject(new CaUnavailable('no answer'));

/** A CA that has issued nothing and answers nothing. */
export const noCa: AskedOfCa = {
  caCertificates: noAnswer,
  crl: noAnswer,
  generateCrl: noAnswer,
  options: noAnswer,
  authorities: noAnswer,
  authoritiesInFull: noAnswer,
  profile: async () => null,
  profileNames: async () => [],
  bySerial: async () => null,
  byCommonName: async () => [],
  list: async () => ({ certificates: [], next: null }),
  status: noAnswer,
  ocsp: noAnswer,
  administrators: async () => [],
  addAdministrator: async () => undefined,
  removeAdministrator: async () => undefined,
  roleOf: async () => null,
};

/** For routes that no holder calls. */
const noOwnCertificates: OwnCertificates = {
  reissue: noAnswer,
  revoke: noAnswer,
};

/** For routes that ask nothing of nodes. */
const noNodes: Pick<ApiOptions, 'nodes' | 'certification' | 'baseUrl'> = {
  nodes: {
    register: () => Promise.reject(new Error('no nodes here')),
    list: async () => ({ nodes: [], next: null }),
    remove: () => Promise.reject(new Error('no nodes here')),
    show: () => Promise.reject(new Error('no nodes here')),
    change: () => Promise.reject(new Error('no nodes here')),
  },
  certification: { certify: () => Promise.reject(new Error('no nodes here')) },
  baseUrl: () => 'https://ra.test',
};
/** For routes of operators, where nothing was issued. */
const noOperator: Operator = {
  certificates: {
    search: async () => ({ certificates: [], next: null }),
    show: () => Promise.reject(new Refused('notFound', 'no certificates here')),
    revoke: () => Promise.reject(new Refused('notFound', 'no certificates here')),
    hold: () => Promise.reject(new Refused('notFound', 'no certificates here')),
    endHold: () => Promise.reject(new Refused('notFound', 'no certificates here')),
  },
  accounts: {
    list: async () => ({ accounts: [], next: null }),
    show: () => Promise.reject(new Refused('notFound', 'no accounts here')),
    stop: () => Promise.reject(new Refused('notFound', 'no accounts here')),
  },
  checks: { check: () => Promise.reject(new Refused('invalidRequest', 'nothing is checked here')) },
  failures: { listFailures: async () => [] },
};

export const noAudit = new AuditLog({ appendAudit: async () => undefined }, Date.now, () => undefined);

/** What the API works with where a test says nothing else. */
export const apiDefaults = {
  version: '0',
  ownCertificates: noOwnCertificates,
  audit: noAudit,
  isCompromised: () => false,
  settings: {},
  sources: {},
  activity: { hours: async () => [] },
  health: { checks: {}, warnings: () => [] },
  operator: noOperator,
  auditReader: {
    newest: async () => ({ records: [], next: [] }),
    ends: async () => [],
    cuts: async () => [],
  },
  reload: async () => undefined,
  rules: { list: async () => ({ settings: [], compromisedKeys: [] }), change: async () => undefined },
  status: () => Promise.reject(new CaUnavailable('no answer')),
  ...noNodes,
};

/** Routes on a real socket; `errors` are the log's. */
export async function listen(register: (app: FastifyInstance) => unknown) {
  const errors: string[] = [];
  const app = createHttpServer({
    log: pino({ level: 'error' }, { write: (line: string) => errors.push(line) }),
  });
  await register(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers });
  return { get, port, errors, close: () => app.close() };
}
