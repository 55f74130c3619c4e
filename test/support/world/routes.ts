import { randomBytes } from 'node:crypto';
import { estRoutes } from '../../../src/est/routes.js';
import { lookBehindProxies } from '../../../src/http/peer.js';
import { trustedProxies } from '../../../src/http/trusted-proxies.js';
import { DAY } from '../../../src/lib/time.js';
import { AuditReader } from '../../../src/ra/audit-reader.js';
import type { CaClient } from '../../../src/ra/ca/client.js';
import { NamePolicy } from '../../../src/ra/name-policy.js';
import { Certification } from '../../../src/ra/nodes/certification.js';
import { NodeKeys } from '../../../src/ra/nodes/keys.js';
import { NodeCertificates } from '../../../src/ra/nodes/node-certificates.js';
import { Nodes } from '../../../src/ra/nodes/nodes.js';
import { createOwnCertificates } from '../../../src/ra/nodes/own-certificates.js';
import { createOperator } from '../../../src/ra/operator/index.js';
import type { Policy } from '../../../src/ra/policy.js';
import { isGood } from '../../../src/rest/access.js';
import { restApi } from '../../../src/rest/index.js';
import { apiDefaults } from '../../rest/harness.js';
import type { JoinedWorldOptions } from './joined.js';
import type { TestRa } from './ra.js';

/** Registers every route of ACME, REST and EST. */
export async function serveAll(
  ra: TestRa,
  parts: {
    ca: CaClient;
    options: JoinedWorldOptions;
    /** Gets the events about nodes. */
    events: [what: string, facts: object][];
    policy: Policy;
    isCompromised(fingerprint: string): boolean;
    authorities: string[];
  },
): Promise<Nodes> {
  const { app, store, limits, audit, clock, links } = ra;
  const { ca, policy, isCompromised } = parts;
  const { api = {}, proxies, deviceTrust = '', preauthorization = true } = parts.options;
  const secret = randomBytes(32);
  const keys = new NodeKeys({ store, clock, secret: async () => secret, random: randomBytes });
  const happened = (what: string) => (facts: object) => void parts.events.push([what, facts]);
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
