import { z } from 'zod';
import type { CertificateAuthority } from '../../model/ca.js';
import type { CertificateDetails } from '../../model/ca-register.js';
import type { Identifier, Node } from '../../model/facts.js';
import { Problem } from '../../model/problem.js';
import { type RefusalCode, Refused } from '../../model/refusal.js';
import {
  type CertificateNames,
  certificateNames,
  NameError,
  type NameRules,
  nameKey,
  type SubjectName,
} from '../../x509/certificate-names.js';
import type { NamePolicy } from '../name-policy.js';

/** The part of a profile that is needed to create a key and a CSR. */
export interface NodeProfile extends NameRules {
  keyType: string;
  /** RSA bits, or 256, 384, 521 for a curve. */
  keyLen: number;
  digest: string;
  /** Key types it certifies; all when absent. */
  keyTypes?: string[] | undefined;
}

/** Profiles whose holders have rights that nodes must not have. */
const NOT_FOR_NODES = new Set(['ca', 'ra', 'admin']);

const wireProfile = z.looseObject({
  keyType: z.string(),
  keyLen: z.number(),
  digest: z.string(),
  keyTypes: z.array(z.string()).optional(),
  altnames: z.boolean(),
  extendedKeyUsage: z.array(z.string()),
  pathLen: z.number().optional(),
  domain: z.string().optional(),
});

/**
 * Reads a profile that a node may have.
 * @throws Refused for one it may not, or with code `absent` when there is no such profile; CaUnavailable
 */
export async function nodeProfile(
  ca: Pick<CertificateAuthority, 'profile'>,
  name: string,
  absent: RefusalCode = 'invalidRequest',
): Promise<NodeProfile> {
  const fields = /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name) ? await ca.profile(name) : null;
  if (fields === null) throw new Refused(absent, `there is no profile "${name}"`, { field: 'profile' });
  const profile = { name, ...wireProfile.parse(fields) };
  if (profile.pathLen !== undefined || NOT_FOR_NODES.has(name)) {
    throw new Refused('forbidden', `profile "${name}" is not for nodes`, { field: 'profile' });
  }
  return profile;
}

/**
 * The names a certificate of the profile has for this common name and these SANs.
 * @throws Refused naming the parameter that is wrong
 */
export function nodeNames(
  profile: NodeProfile,
  cn: string,
  sans: readonly { type: string; value: string }[],
): CertificateNames {
  // OpenSSL drops spaces around a value, so a CSR could not contain this name.
  if (cn !== cn.trim()) throw new Refused('invalidRequest', 'begins or ends with a space', { field: 'cn' });
  try {
    return certificateNames(profile, cn, sans);
  } catch (error) {
    if (error instanceof NameError)
      throw new Refused('invalidRequest', error.message, { field: error.place });
    throw error;
  }
}

/** The common name of a node's certificate: the node's own name. For a TLS server without that name, its first DNS name or address. */
export function certificateName(
  { extendedKeyUsage }: Pick<NodeProfile, 'extendedKeyUsage'>,
  { cn, names }: { cn: string; names: readonly SubjectName[] },
): string {
  const isOwn = !extendedKeyUsage.includes('serverAuth') || names.some(({ value }) => value === cn);
  const first = names.find(({ type }) => type === 'dns' || type === 'ip');
  return isOwn ? cn : (first?.value ?? cn);
}

/** The names that an ACME order can have: DNS names and addresses. */
export function identifiersAmong(names: readonly SubjectName[]): Identifier[] {
  return names.flatMap(({ type, value }) => (type === 'dns' || type === 'ip' ? [{ type, value }] : []));
}

/** @throws Refused when the operator's lists forbid one of the names */
export function checkAllowed(policy: NamePolicy, names: readonly SubjectName[], field: string): void {
  try {
    policy.check(identifiersAmong(names));
  } catch (error) {
    if (error instanceof Problem) throw new Refused('forbidden', error.detail, { field: field });
    throw error;
  }
  const forbidden = policy.forbidden(names);
  if (forbidden.length === 0) return;
  throw new Refused('forbidden', `${forbidden.join(', ')}: outside of what this authority may certify`, {
    field,
  });
}

/** Whether a certificate has exactly the profile and the names that the node is registered with. */
export function saysWhatIsRegistered(
  record: Pick<CertificateDetails, 'profile' | 'names'>,
  node: Node,
): boolean {
  const keys = (names: readonly { type: string; value: string }[]) =>
    names.map(({ type, value }) => nameKey({ type: type.toLowerCase(), value })).sort();
  return record.profile === node.profile && keys(record.names).join() === keys(node.names).join();
}
