import { DerError } from '../x509/der-error.js';
import { type DistinguishedName, dn, dnKey, parseDn } from '../x509/name.js';
import { OID } from '../x509/oids.js';

/** What the CA knows of administrators and of a certificate. */
export interface AdminRegister {
  /** DNs of the administrators, in any notation. */
  admins(): Promise<string[]>;
  /** The certificate of a serial (hex), as the CA issued it. */
  certificate(serial: string): Promise<{ dn: string; profile: string; status: string }>;
}

/** Certificates of this profile alone are an administrator's: no ACME client can order one. */
const ADMIN_PROFILE = 'admin';

/**
 * Whether the holder of a client certificate is an administrator, asked of the CA each time: a certificate the CA
 * issued as an administrator's, good at this moment, whose subject has every attribute of an entry of the list.
 */
export async function isAdmin(register: AdminRegister, serial: string): Promise<boolean> {
  const { dn: subjectDn, profile, status } = await register.certificate(serial);
  if (profile !== ADMIN_PROFILE || status !== 'good') return false;
  const subject = attributeKeys(parseDn(subjectDn));
  const entries = await register.admins();
  return entries.map(readEntry).some((entry) => {
    const named = entry.flat().some(({ type }) => type === OID.commonName);
    return named && [...attributeKeys(entry)].every((key) => subject.has(key));
  });
}

/** An entry as people write it: a DN, or a bare common name; what is neither names nobody. */
function readEntry(text: string): DistinguishedName {
  try {
    return text.includes('=') ? parseDn(text) : dn(['CN', text]);
  } catch (error) {
    if (error instanceof DerError) return [];
    throw error;
  }
}

function attributeKeys(name: DistinguishedName): Set<string> {
  return new Set(name.flat().map((attribute) => dnKey([[attribute]])));
}
