import { hostNameOf, nameKey, type SubjectName } from './certificate-names.js';
import { type CertificationRequest, commonNames, parseCsr } from './csr.js';
import { DerError } from './der-error.js';
import { TLS_FEATURES } from './extensions.js';
import type { GeneralName } from './general-names.js';

/** An identifier of an order (RFC 8555 §9.7.7, RFC 8738). */
export interface OrderName {
  type: 'dns' | 'ip';
  value: string;
}

/** A CSR that cannot finalize an order with these identifiers. The message tells the client why. */
export class CsrRefused extends Error {
  override readonly name = 'CsrRefused';
}

const KNOWN_FEATURES: readonly number[] = Object.values(TLS_FEATURES);

/**
 * RFC 8555 §7.4: reads a DER CSR that names exactly the order's identifiers, in any spelling. It must not ask for a CA
 * certificate or an unsupported TLS feature. The RA and the CA both use this function, so that the CA never refuses a CSR
 * that the RA accepted. The certificate takes the key and the TLS features (RFC 7633) and ignores all other extensions.
 * @throws CsrRefused
 */
export function readOrderCsr(der: Uint8Array, identifiers: readonly OrderName[]): CertificationRequest {
  const csr = read(der);
  if (csr.asksForCa) throw new CsrRefused('the CSR asks for a CA certificate');
  if (!csr.tlsFeatures.every((feature) => KNOWN_FEATURES.includes(feature))) {
    throw new CsrRefused('the CSR asks for a TLS feature other than OCSP stapling (RFC 7633)');
  }
  const ordered = new Set(identifiers.map(keyOf));
  const requested = new Set(csr.names.map(sanKey));
  for (const name of commonNames(csr.subject)) requested.add(commonNameKey(name, ordered));
  const surplus = [...requested].filter((key) => !ordered.has(key));
  if (surplus.length > 0) throw new CsrRefused(`the CSR names what the order does not: ${list(surplus)}`);
  const missing = [...ordered].filter((key) => !requested.has(key));
  if (missing.length > 0) throw new CsrRefused(`the CSR lacks what the order names: ${list(missing)}`);
  return csr;
}

function read(der: Uint8Array): CertificationRequest {
  try {
    return parseCsr(der);
  } catch (error) {
    throw error instanceof DerError ? new CsrRefused(error.message) : error;
  }
}

/** A key that is equal for all spellings of a name: orders of an older RA may have an IPv4-mapped address. */
function keyOf({ type, value }: OrderName): string {
  return nameKey({ type, value: hostNameOf(value)?.value ?? value });
}

function sanKey(san: GeneralName): string {
  if (san.type !== 'dns' && san.type !== 'ip')
    throw new CsrRefused('the CSR names something that is neither a DNS name nor an IP address');
  const name = hostNameOf(san.value);
  if (name?.type !== san.type)
    throw new CsrRefused(`the CSR names "${shown(san.value)}", which is not a ${san.type} name`);
  return nameKey(name);
}

/** §7.4: a common name, if present, is one more requested identifier. */
function commonNameKey(name: string, ordered: ReadonlySet<string>): string {
  const host = hostNameOf(name);
  const key = host && nameKey(host);
  if (key && ordered.has(key)) return key;
  throw new CsrRefused('the common name of the CSR is not an identifier of the order');
}

function list(keys: string[]): string {
  const names = keys.slice(0, 5).map((key) => shown(key.slice(key.indexOf(':') + 1)));
  return names.join(', ') + (keys.length > 5 ? ` and ${keys.length - 5} more` : '');
}

/** Shortens and cleans a client's text so that an error message can quote it. */
function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]|"/g, '?').slice(0, 100);
}

/** The names of an order as its certificate will carry them, in the same order. */
export function certificateNamesOf(identifiers: readonly OrderName[]): SubjectName[] {
  return identifiers.map(({ type, value }) => hostNameOf(value) ?? { type, value });
}
