import type { KnownAuthority } from '../../model/ca.js';
import { parseCertificate } from '../../x509/certificate.js';
import { constraintsAbove, type NameConstraints } from '../../x509/name-constraints.js';
import { fromPem } from '../../x509/pem.js';

/** Pure functions of the CA's roots and issuers: chains, trusted roots, and certificates that must be renewed. */

/** The root or issuer with this id, to which certificates point. */
export const authorityById = (all: readonly KnownAuthority[], id: string): KnownAuthority | null =>
  all.find((each) => each.id === id && each.kind !== 'cross') ?? null;

/** The authority whose certificates point to /ca.crl and /issuer.cer. */
export const firstAuthority = (all: readonly KnownAuthority[]): KnownAuthority | null =>
  all.find((each) => each.first) ?? null;

/** PEM of the chain of certificates of an issuer: the issuer first, the root left out. Null for an unknown issuer. */
export function issuingChain(issuerKeyId: string | null, all: readonly KnownAuthority[]): string | null {
  const issuer = all.find((each) => each.keyId === issuerKeyId && each.kind !== 'cross');
  if (issuer === undefined) return null;
  return issuer.kind === 'root' ? '' : issuer.certificate + issuer.chain;
}

/**
 * RFC 8555 §7.4.2: alternate chains of a certificate, to its own root and through a cross-certificate to each
 * other published root, without the chain that it was issued with.
 * @param chain PEM, leaf first
 * @param issuerKeyId the leaf's authority key identifier, hex
 */
export function alternateChains(
  chain: string,
  issuerKeyId: string | null,
  all: readonly KnownAuthority[],
): string[] {
  const issuer = all.find((each) => each.keyId === issuerKeyId && each.kind !== 'cross');
  if (issuer === undefined) return [];
  const crosses = all.filter(({ kind }) => kind === 'cross');
  const plain = pemBlocks(chain)
    .filter((block) => !crosses.some(({ certificate }) => sameBlock(certificate, block)))
    .join('');
  const leadsTo = (root: string) => {
    const target = authorityById(all, root);
    return target !== null && isTrusted(target);
  };
  const chains = [
    ...(leadsTo(issuer.root) ? [plain] : []),
    ...crosses
      .filter(({ of, root, state }) => of === issuer.root && state !== 'ended' && leadsTo(root))
      .map(({ certificate }) => plain + certificate),
  ];
  const given = pemBlocks(chain).join('');
  return chains.filter((each) => pemBlocks(each).join('') !== given);
}

/** The certificates of a PEM file, each with its line end. */
function pemBlocks(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => `${block.replaceAll('\r', '')}\n`);
}

const sameBlock = (one: string, other: string): boolean => pemBlocks(one).join('') === other;

/** The name constraints of the issuer in use and of all certificates above it. Each must permit a name. */
export function constraintsOf(all: readonly KnownAuthority[]): NameConstraints[] {
  const issuer =
    all.find(({ kind, state }) => kind === 'issuer' && state === 'active') ??
    all.find(({ kind, first, state }) => kind === 'root' && first && state === 'active');
  if (issuer === undefined) return [];
  const root = authorityById(all, issuer.root);
  const chain =
    issuer.certificate + issuer.chain + (root === null || root === issuer ? '' : root.certificate);
  return constraintsAbove(fromPem('CERTIFICATE', chain).map((der) => parseCertificate(der)));
}

/** PEM of the roots to trust now: the root in use first, then the others in the CA's order. */
export function trustedRoots(all: readonly KnownAuthority[]): string {
  const roots = all.filter((each) => each.kind === 'root' && isTrusted(each));
  const inUse = roots.filter(({ state }) => state === 'active');
  return [...inUse, ...roots.filter((each) => !inUse.includes(each))]
    .map(({ certificate }) => certificate)
    .join('');
}

const isTrusted = ({ state }: KnownAuthority): boolean => state !== 'retired' && state !== 'ended';

/** The time from which certificates of an issuer must be replaced early; null when they need not be. */
export function renewFrom(issuerKeyId: string | null, all: readonly KnownAuthority[]): number | null {
  const issuer = all.find((each) => each.keyId === issuerKeyId && each.kind !== 'cross');
  return issuer?.renewFrom ?? null;
}

/** Whether certificates of an issuer should be replaced early: after a compromise, or while its root is phased out. */
export function isToBeReplaced(issuerKeyId: string | null, all: readonly KnownAuthority[]): boolean {
  const issuer = all.find((each) => each.keyId === issuerKeyId && each.kind !== 'cross');
  if (issuer === undefined) return false;
  if (issuer.renewFrom !== null) return true;
  const root = authorityById(all, issuer.root);
  const isLeft =
    root !== null &&
    root.state !== 'active' &&
    all.some(({ kind, state }) => kind === 'root' && state === 'active');
  return isLeft;
}
