import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Limits } from '../../ra/limits/limits.js';
import { NamePolicy } from '../../ra/name-policy.js';
import { Certification } from '../../ra/nodes/certification.js';
import { NodeKeys } from '../../ra/nodes/keys.js';
import { NodeCertificates } from '../../ra/nodes/node-certificates.js';
import { type NodeOptions, Nodes } from '../../ra/nodes/nodes.js';
import { createOwnCertificates, type OwnCertificatesOptions } from '../../ra/nodes/own-certificates.js';
import type { Policy } from '../../ra/policy.js';
import type { RunningRegistrationAuthority } from '../../ra/registration-authority.js';
import { logNodeEvents } from './events.js';
import { nodeSecret } from './node-secret.js';

interface NodeServicesOptions extends Pick<NodeOptions, 'store' | 'clock'> {
  policy: Policy;
  ca: NodeOptions['ca'] & OwnCertificatesOptions['ca'] & Parameters<typeof nodeSecret>[1];
  /** Path of the secret when no CA gives one. */
  secretPath: string;
  seedLifetime: number;
  isCompromised(spkiFingerprint: string): boolean;
  limits: Limits;
  ra: Pick<RunningRegistrationAuthority, 'accounts'>;
  onRevocation: OwnCertificatesOptions['onRevocation'];
  log: Logger;
}

/** The services for nodes: their keys, their registration and certificates, and certificates by seed. */
export function nodeServices(options: NodeServicesOptions) {
  const { store, ca, clock, isCompromised, limits, seedLifetime } = options;
  const random = randomBytes;
  const secret = nodeSecret(options.secretPath, ca);
  const keys = new NodeKeys({ store, clock, secret, random });
  const policy = new NamePolicy(options.policy);
  const certificates = new NodeCertificates({ store, ca, policy, clock });
  const nodeOptions: NodeOptions = {
    ...{ store, ca, clock, keys, certificates, seedLifetime, random, policy },
    onAccountsEnded: () => options.ra.accounts.forgetBound(),
    events: logNodeEvents(options.log),
  };
  const nodes = new Nodes(nodeOptions);
  const { onRevocation } = options;
  const ownCertificates = createOwnCertificates({ ca, store, certificates, clock, onRevocation });
  const certification = new Certification({ ...nodeOptions, isCompromised, limits });
  return { nodeKeys: keys, nodeCertificates: certificates, ownCertificates, nodes, certification };
}
