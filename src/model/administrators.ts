import { unlessMalformed } from '../x509/der-error.js';
import { type DistinguishedName, dnKey, parseDn, parseHolder } from '../x509/name.js';
import { OID } from '../x509/oids.js';

/**
 * What an administrator may do, least first: an auditor reads; an operator also revokes certificates and manages nodes and
 * accounts; an admin also decides who administers, and everything else.
 */
export const ADMIN_ROLES = ['auditor', 'operator', 'admin'] as const;
export type AdminRole = (typeof ADMIN_ROLES)[number];

/** Whether a role includes the rights of `least`. */
export function mayActAs(role: AdminRole, least: AdminRole): boolean {
  return ADMIN_ROLES.indexOf(role) >= ADMIN_ROLES.indexOf(least);
}

/** The only profile of administrators' certificates; ACME clients cannot order it. */
const ADMIN_PROFILE = 'admin';

/**
 * Whether the CA's list makes a certificate an administrator's: the administrators' profile issued it, and
 * its subject has every attribute of an entry. The caller checks whether the certificate is good.
 */
export function namesAdministrator(
  certificate: { dn: string; profile: string },
  entries: readonly string[],
): boolean {
  if (certificate.profile !== ADMIN_PROFILE) return false;
  const subject = attributeKeys(parseDn(certificate.dn));
  return entries.map(readEntry).some((entry) => {
    const named = entry.flat().some(({ type }) => type === OID.commonName);
    return named && [...attributeKeys(entry)].every((key) => subject.has(key));
  });
}

/** Parses an entry: a DN or a common name. Any other text results in an empty name, which matches no certificate. */
export function readEntry(text: string): DistinguishedName {
  return unlessMalformed(() => parseHolder(text)) ?? [];
}

function attributeKeys(name: DistinguishedName): Set<string> {
  return new Set(name.flat().map((attribute) => dnKey([[attribute]])));
}
