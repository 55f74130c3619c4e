import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { Handlers, Params, RegistrationTasks } from '../../channel/tasks/index.js';
import type { CertificateRecord } from '../../store/contract/ca.js';
import { calledName } from '../../x509/certificate-names.js';
import { nodeOf } from '../issue/keys-made-here.js';
import { namesFor } from '../issue/names.js';
import { readRequest } from '../issue/requests.js';
import { findNode } from '../lookup.js';
import { SEED_HOLDER } from '../peers/callers.js';
import { type CaServices, certificateFile, checkSeed } from './context.js';

export interface RegistrationSettings {
  mode: 'curve' | 'clear';
  /** CURVE public key of the operations socket (Z85), and its port. */
  operationsPublicKey: string;
  operationsPort: number;
}

type Request = Params<RegistrationTasks['register']>;

/**
 * Tasks of the registration socket. In curve mode only holders of the seed can connect; in clear mode the
 * seed is checked. A private key is made and sent only in clear mode, to peers of the Python contract.
 */
export function registrationHandlers(
  services: CaServices,
  settings: RegistrationSettings,
): Handlers<RegistrationTasks> {
  const { certifier, peers } = services;
  return {
    ping: () => true,
    register: async (request) => {
      if (settings.mode === 'clear') checkSeed(request.seed, services.seed);
      const role = peerRole(request);
      // Done first, because the RA's own certificate has this URL too.
      if (role !== null && request.public_url !== undefined) {
        await certifier.set.learnPublicUrl({ url: request.public_url, ra: request.cn });
      }
      const { certificate, privateKey } = await certify(services, settings, request);
      if (role !== null && request.curve_public_key !== undefined) {
        await peers.admit(request.curve_public_key, role, certificate, SEED_HOLDER);
      }
      return {
        status: 'registered' as const,
        cn: request.cn,
        profile: request.profile,
        certificate: certificateFile(certifier, certificate),
        ...(privateKey === null ? {} : { private_key: privateKey }),
        ca_certificate: certifier.rootPem,
        chain: certifier.chainPem,
        operations_public_key: settings.operationsPublicKey,
        operations_port: settings.operationsPort,
      };
    },
    status: async ({ cn }) => {
      const node = await findNode(certifier.store, cn);
      if (node === null) return { status: 'not_registered' as const };
      const { profile, registeredAt } = node;
      return { status: 'registered' as const, node: { cn: node.cn, profile, registered_at: registeredAt } };
    },
  };
}

/** Only RAs are admitted to the operations socket. */
function peerRole({ profile, curve_public_key }: Request): 'ra' | null {
  if (curve_public_key === undefined) return null;
  if (profile === 'ra') return profile;
  throw new TaskError(
    ErrorCode.validation,
    `Invalid curve_public_key parameter: profile ${profile} is not admitted`,
  );
}

async function certify(
  { certifier, nodes }: CaServices,
  { mode }: RegistrationSettings,
  request: Request,
): Promise<{ certificate: CertificateRecord; privateKey: string | null }> {
  if (request.csr === undefined) {
    if (mode === 'curve') throw new TaskError(ErrorCode.communication, 'Missing csr parameter');
    const { certificate, key } = await nodes.generate(request, SEED_HOLDER, { ra: request.cn });
    return { certificate, privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }
  const profile = certifier.leafProfile(request.profile);
  const { publicKey } = readRequest(request.csr);
  const names = namesFor(profile, request.cn, request.sans);
  const { certificate } = await certifier.issue({
    profile,
    publicKey,
    names,
    by: SEED_HOLDER,
    entitlement: { ra: calledName(names) },
  });
  await certifier.store.putNode(nodeOf(certificate), SEED_HOLDER);
  return { certificate, privateKey: null };
}
