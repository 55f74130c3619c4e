import { isIP } from 'node:net';
import { CaRefused } from '../model/ca.js';
import type { Identifier } from '../model/facts.js';
import { identifierKey } from '../model/identifiers.js';
import { parseCsr } from '../x509/csr.js';
import { OID } from '../x509/oids.js';

/**
 * The names that the Python CA accepts. It copies subject and names from the CSR, so anything that our own CA would ignore
 * must be refused beforehand. Pure functions.
 */

/** The Python CA does not issue for these exact names. */
const RESERVED = new Set(['localhost', 'local', 'invalid', 'test']);
/** RFC 5280 appendix A, ub-common-name, which the Python CA enforces. */
const MAX_COMMON_NAME = 64;

/** Whether the Python CA certifies this DNS name or IP address. It cannot read an IPv6 address with `::`. */
export function isPythonName(name: string): boolean {
  return isIP(name) === 0 ? !RESERVED.has(name.toLowerCase()) : !name.includes('::');
}

/**
 * Checks that the Python CA would issue exactly the names of this order for this CSR, which the RA has already accepted.
 * @throws CaRefused telling the client what to change
 */
export function checkPythonRequest(der: Uint8Array, identifiers: Identifier[]): void {
  const unfit = identifiers.find(({ value }) => !isPythonName(value));
  if (unfit) {
    throw new CaRefused(
      `this certificate authority does not issue for "${unfit.value}"`,
      'rejectedIdentifier',
    );
  }
  const { subject, commonName, names } = parseCsr(der);
  if (!commonName) {
    throw refuse('has no Common Name, which this certificate authority needs: put one of the names there');
  }
  if (commonName.length > MAX_COMMON_NAME) {
    throw refuse(
      `has a Common Name of more than ${MAX_COMMON_NAME} characters: put a shorter one of the names there`,
    );
  }
  if (!/^[a-z0-9]/i.test(commonName)) {
    throw refuse(
      `has the Common Name "${commonName}", which this certificate authority does not take: put a name there that is no wildcard`,
    );
  }
  const others = subject.flat().filter(({ type }) => type !== OID.commonName);
  if (others.length > 0 || subject.flat().length > 1) {
    throw refuse(
      'has more in its subject than a Common Name, which this certificate authority would certify unproven',
    );
  }
  const named = new Set(names.flatMap((name) => (name.type === 'other' ? [] : [keyOf(name)])));
  const missing = identifiers.find((identifier) => !named.has(identifierKey(identifier)));
  if (missing) {
    throw refuse(
      `does not name ${missing.value} as a subject alternative name, from where this certificate authority takes names`,
    );
  }
}

/** The comparison key of a name. */
export function keyOf({ type, value }: { type: string; value: string }): string {
  return `${type}:${value}`.toLowerCase();
}

const refuse = (why: string) => new CaRefused(`the CSR ${why}`, 'badCSR');
