import { CaRefused, type EnrolmentRequest, type IssuedCertificate } from '../../model/ca.js';
import type { Node } from '../../model/facts.js';
import { Refused } from '../../model/refusal.js';
import { nameKey, type SubjectName } from '../../x509/certificate-names.js';
import { type CertificationRequest, commonNames, parseCsr } from '../../x509/csr.js';
import { DerError } from '../../x509/der-error.js';
import { firstFromPem } from '../../x509/pem.js';
import { keyTypeOf, spkiFingerprint } from '../../x509/spki.js';
import { parseLeaf } from '../leaf.js';
import type { Limits } from '../limits/limits.js';
import { findNode } from './find-node.js';
import { certificateName, checkAllowed, nodeProfile } from './node-names.js';
import type { NodeOptions } from './nodes.js';
import { seedHash } from './seeds.js';

interface CertificationOptions extends NodeOptions {
  /** Whether a key is on the operator's list of compromised keys, by base64url SHA-256 of its SubjectPublicKeyInfo. */
  isCompromised(spkiFingerprint: string): boolean;
  limits: Pick<Limits, 'seed' | 'wrongSeed'>;
}

/** The request as the client sent it. */
interface CertificationRequestBody {
  /** PEM. */
  csr: string;
  seed?: string | null | undefined;
  /** The name of the node that the caller claims; the seed of another node is then refused. */
  name?: string | undefined;
  profile?: string | undefined;
}

/** The result of an enrolment. */
interface Certified extends IssuedCertificate {
  cn: string;
  names: readonly SubjectName[];
  profile: string;
  notAfter: number;
}

interface Csr extends CertificationRequest {
  der: Buffer;
  /** base64url SHA-256 of the key. */
  fingerprint: string;
}

/** Issues certificates to machines that have the seed of a node. */
export class Certification {
  constructor(private readonly options: CertificationOptions) {}

  /**
   * @param from address of the client
   * @throws Refused, Problem rateLimited, CaUnavailable; then nothing was issued, or the same request returns what was issued
   */
  async certify(
    { csr: pem, seed, name, profile }: CertificationRequestBody,
    from: string,
  ): Promise<Certified> {
    if (!seed) throw new Refused('unauthenticated', 'a seed is wanted', { field: 'seed' });
    await this.options.limits.seed(from);
    const node = await this.options.store.findNodeBySeed(seedHash(seed));
    const isOfOther = name !== undefined && name.toLowerCase() !== node?.cn.toLowerCase();
    if (node && !isOfOther) return this.#enroll(node, this.#readCsr(pem), profile);
    await this.options.limits.wrongSeed(from);
    throw new Refused('forbidden', 'this seed is unknown, or was replaced by a newer one', { field: 'seed' });
  }

  /**
   * Enrols a device that proved its name by its manufacturer's certificate. The node is the one with the CSR's name, if that is the
   * device's. As with the seed, it enrols before the seed expires, and with one key.
   * @throws as `certify`
   */
  async certifyDevice(
    { csr: pem, profile }: Pick<CertificationRequestBody, 'csr' | 'profile'>,
    isDevice: (cn: string) => boolean,
  ): Promise<Certified> {
    const csr = this.#readCsr(pem);
    const { cn, sans } = requestedNames(csr);
    for (const name of new Set([cn, ...sans.map(({ value }) => value)])) {
      const node = await findNode(this.options.store, name);
      if (node && node.removingAt === null && isDevice(node.cn)) return this.#enroll(node, csr, profile);
    }
    throw new Refused('forbidden', 'no node that is registered is this device', { field: 'csr' });
  }

  #readCsr(pem: string): Csr {
    const csr = readCsr(pem);
    if (csr.asksForCa) throw new Refused('forbidden', 'the CSR asks for a CA certificate', { field: 'csr' });
    if (this.options.isCompromised(csr.fingerprint)) {
      throw new Refused('forbidden', 'the key of the CSR is known to be compromised', { field: 'csr' });
    }
    return csr;
  }

  /** Issues a certificate with the registered names, for the first key that the seed is used with. */
  async #enroll(node: Node, csr: Csr, profile: string | undefined): Promise<Certified> {
    if (profile !== undefined && profile !== node.profile) {
      throw new Refused('forbidden', `the node is registered with profile "${node.profile}"`, {
        field: 'profile',
      });
    }
    refuseSurplus(csr, node);
    if (node.names.length === 0 && node.patterns.length > 0)
      throw new Refused('forbidden', 'the node has patterns alone, for ACME: no name to certify', {
        field: 'seed',
      });
    checkAllowed(this.options.policy, node.names, 'seed');
    await this.#checkKeyType(node.profile, csr);
    await this.#claim(node, csr);
    const { id: requestId } = node.enrolment;
    const cn = certificateName(await nodeProfile(this.options.ca, node.profile), node);
    const certified = await this.#issue({ ...node, cn, requestId, csr: csr.der });
    const { serial, notAfter } = certified;
    if (!(await this.options.store.recordEnrolment(requestId, { serial, notAfter }))) {
      return this.options.certificates.revokeUnwanted(serial);
    }
    this.options.events.enrolled({ cn: node.cn, serial, profile: node.profile });
    return certified;
  }

  /** Checks the key type first, so that the seed is not used up for a key that the CA would refuse. */
  async #checkKeyType(profile: string, csr: Csr): Promise<void> {
    const { keyTypes } = await nodeProfile(this.options.ca, profile);
    const type = keyTypeOf(csr.publicKey);
    if (keyTypes === undefined || keyTypes.includes(type)) return;
    const taken = keyTypes.join(', ');
    throw new Refused('unprocessable', `profile "${profile}" takes keys of ${taken}; this one is ${type}`, {
      field: 'csr',
    });
  }

  async #claim({ enrolment }: Node, csr: Csr): Promise<void> {
    const { store, clock } = this.options;
    const outcome = await store.claimEnrolment(enrolment.seedHash, csr.fingerprint, clock());
    if (outcome !== 'claimed') throw new Refused('forbidden', SEED_REFUSALS[outcome], { field: 'seed' });
  }

  async #issue({ requestId, cn, names, profile, csr }: EnrolmentRequest): Promise<Certified> {
    try {
      const issued = await this.options.ca.enroll({ requestId, cn, names, profile, csr });
      return { ...issued, cn, names, profile, notAfter: parseLeaf(issued.chain).notAfter };
    } catch (error) {
      if (!(error instanceof CaRefused)) throw error;
      throw new Refused('unprocessable', `the certificate authority refused: ${error.message}`, {
        field: 'csr',
      });
    }
  }
}

const SEED_REFUSALS = {
  used: 'this seed was used for another key',
  expired: 'this seed has expired: an administrator can register the node anew',
  unknown: 'this seed was replaced by a newer one, or its node removed',
};

function readCsr(pem: string): Csr {
  try {
    const der = firstFromPem('CERTIFICATE REQUEST', pem);
    const csr = parseCsr(der);
    return { ...csr, der, fingerprint: spkiFingerprint(csr.publicKey.spki) };
  } catch (error) {
    if (error instanceof DerError) throw new Refused('invalidRequest', error.message, { field: 'csr' });
    throw error;
  }
}

/** A CSR may omit registered names, because the certificate has them anyway; it may not ask for more. */
function refuseSurplus(csr: Csr, node: Node): void {
  const { sans } = requestedNames(csr);
  const registered = new Set(node.names.map(nameKey));
  const known = (san: { type: string; value: string }) =>
    registered.has(nameKey(san)) ||
    registered.has(nameKey({ type: san.type, value: san.value.toLowerCase() }));
  const surplus = sans.find((san) => !known(san));
  const other = surplus?.value ?? commonNames(csr.subject).find((cn) => !namesHolder(cn, node));
  if (other === undefined) return;
  throw new Refused(
    'forbidden',
    `the CSR names "${other.slice(0, 100)}", which this node is not registered with`,
    {
      field: 'csr',
    },
  );
}

/** Whether the common name is the node's own, or one of its registered DNS names and addresses, in any case. */
function namesHolder(cn: string, node: Node): boolean {
  if (cn === node.cn) return true;
  const host = cn.toLowerCase();
  return node.names.some(({ type, value }) => (type === 'dns' || type === 'ip') && value === host);
}

/** The names in the CSR. @throws Refused for a type of name that no node can have */
function requestedNames(csr: Csr): { cn: string; sans: SubjectName[] } {
  const sans = csr.names.map((name) => {
    if (name.type !== 'other') return name;
    throw new Refused('forbidden', 'the CSR has a name that is not DNS, IP, EMAIL or URI', { field: 'csr' });
  });
  const host = sans.find(({ type }) => type === 'dns' || type === 'ip') ?? sans[0];
  return { cn: csr.commonName ?? host?.value ?? '', sans };
}
