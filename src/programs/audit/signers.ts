import { X509Certificate } from 'node:crypto';
import type { AuthoritySet } from '../../ca/authorities/set.js';
import { fromPem, toPem } from '../../x509/pem.js';
import { type CutSigner, keySigner } from './signature.js';

/** The RA signs with its TLS key. @param roots PEM of the RA's roots */
export function raSigner(key: string, certificate: string, roots: string): CutSigner {
  return keySigner(key, withRoot(certificate, roots));
}

/** The CA signs with the key of the issuer in use. @throws TaskError when that key is not here */
export function caSigner(set: AuthoritySet): CutSigner {
  const { active } = set;
  const roots = set.members.filter(({ record }) => record.kind === 'root').map(({ pem }) => pem);
  return {
    certificate: withRoot(active.chainPem || active.pem, roots.join('')),
    sign: (text) => active.signing.sign(text),
  };
}

/** Appends the root that signed the last certificate of a chain (PEM), unless that one is a root itself. */
function withRoot(chain: string, roots: string): string {
  const certificates = fromPem('CERTIFICATE', chain);
  const last = certificates.at(-1);
  if (last === undefined) return chain;
  const end = new X509Certificate(last);
  if (end.verify(end.publicKey)) return chain;
  const root = fromPem('CERTIFICATE', roots).find((der) => end.verify(new X509Certificate(der).publicKey));
  return [...certificates, ...(root ? [root] : [])].map((der) => toPem('CERTIFICATE', der)).join('');
}
