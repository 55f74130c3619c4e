import { createHash, X509Certificate } from 'node:crypto';
import { fromPem, toPem } from '../x509/pem.js';

/** A root certificate as the pages show it. */
export interface Root {
  /** `TYPE=value` pairs, in the format of node:crypto. */
  subject: string;
  der: Buffer;
  pem: string;
  /** SHA-256 of the DER file, upper-case hex without colons. `sha256sum` prints the same in lower case. */
  sha256: string;
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
}

/** All certificates of a PEM text. @throws DerError for broken PEM */
export function readRoots(pem: string): Root[] {
  return fromPem('CERTIFICATE', pem).map((der) => {
    const { subject, validFrom, validTo } = new X509Certificate(der);
    return {
      subject: subject.split('\n').join(', '),
      der,
      pem: toPem('CERTIFICATE', der),
      sha256: createHash('sha256').update(der).digest('hex').toUpperCase(),
      notBefore: Date.parse(validFrom),
      notAfter: Date.parse(validTo),
    };
  });
}

/** The fingerprint in pairs with colons, as browsers and `openssl x509 -fingerprint` show it. */
export function shownFingerprint({ sha256 }: Pick<Root, 'sha256'>): string {
  return sha256.replace(/..(?=.)/g, '$&:');
}

/** Path of the file with all roots, PEM, and of the profile with all roots. */
export const ROOTS_FILE = '/trust/roots.crt';
export const PROFILE_FILE = '/trust/root.mobileconfig';

/** Path of a root's file, below the base: the first is `root`, the next `root-2`. */
export function rootFile(index: number, extension: 'cer' | 'crt'): string {
  return `/trust/root${index === 0 ? '' : `-${index + 1}`}.${extension}`;
}
