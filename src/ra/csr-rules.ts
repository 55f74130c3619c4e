import type { Account, Identifier } from '../model/facts.js';
import { identifierKey } from '../model/identifiers.js';
import { Problem } from '../model/problem.js';
import { parseCsr } from '../x509/csr.js';
import { DerError } from '../x509/der-error.js';
import { isJwkOf } from '../x509/spki.js';

/**
 * RFC 8555 §7.4: a CSR is acceptable when it names exactly the order's identifiers, asks for nothing else, and its
 * key is fit and is not the account's. Only that key goes on to the CA's certificate. Pure.
 * @throws Problem badCSR saying what is wrong.
 */
export function checkCsr(der: Uint8Array, identifiers: Identifier[], account: Pick<Account, 'jwk'>): void {
  const refuse = (why: string) => new Problem('badCSR', why);
  let csr: ReturnType<typeof parseCsr>;
  try {
    csr = parseCsr(der);
  } catch (error) {
    if (error instanceof DerError) throw refuse(error.message);
    throw error;
  }
  if (csr.asksForCa) throw refuse('the CSR asks for a CA certificate');
  // §11.1: the account key pair must not double as a certificate's.
  if (isJwkOf(csr.publicKey, account.jwk)) throw refuse('the CSR holds the account key');

  const ordered = new Set(identifiers.map(identifierKey));
  const requested = new Set<string>();
  for (const name of csr.names) {
    if (name.type !== 'dns' && name.type !== 'ip') {
      throw refuse('the CSR names something that is neither a DNS name nor an IP address');
    }
    requested.add(identifierKey({ type: name.type, value: name.value.toLowerCase() }));
  }
  // §7.4: a common name, where there is one, is one more requested identifier.
  if (csr.commonName !== null && csr.commonName !== '') {
    const value = csr.commonName.toLowerCase();
    if (!ordered.has(`dns:${value}`) && !ordered.has(`ip:${value}`)) {
      throw refuse('the common name of the CSR is not an identifier of the order');
    }
    requested.add(ordered.has(`dns:${value}`) ? `dns:${value}` : `ip:${value}`);
  }
  const surplus = [...requested].filter((key) => !ordered.has(key));
  const missing = [...ordered].filter((key) => !requested.has(key));
  if (surplus.length > 0) throw refuse(`the CSR names what the order does not: ${list(surplus)}`);
  if (missing.length > 0) throw refuse(`the CSR lacks what the order names: ${list(missing)}`);
}

function list(keys: string[]): string {
  const names = keys.slice(0, 5).map((key) => key.slice(key.indexOf(':') + 1).slice(0, 100));
  return names.join(', ') + (keys.length > 5 ? ` and ${keys.length - 5} more` : '');
}
