import { X509Certificate } from 'node:crypto';
import type { ParsedCertificate } from '../../x509/certificate.js';
import { formatDn, sameDn } from '../../x509/name.js';

/** A certificate, those between it and its root, and the root; or why there is no such chain. */
type FoundChain =
  | { between: ParsedCertificate[]; root: ParsedCertificate }
  | { between: ParsedCertificate[]; root: null; why: string };

/** No chain in use is longer. */
const LONGEST = 10;

/** The chain of a certificate among others, in whatever order they stand. Pure. */
export function chainOf(own: ParsedCertificate, others: readonly ParsedCertificate[]): FoundChain {
  const between: ParsedCertificate[] = [];
  let last = own;
  while (between.length < LONGEST) {
    const signer = signerOf(last, others);
    if (typeof signer === 'string') return { between, root: null, why: signer };
    if (isRoot(signer)) return { between, root: signer };
    between.push(signer);
    last = signer;
  }
  return { between, root: null, why: `more than ${LONGEST} certificates stand between it and a root` };
}

function signerOf(
  { issuer, subject, der }: ParsedCertificate,
  others: readonly ParsedCertificate[],
): ParsedCertificate | string {
  const named = others.filter((each) => sameDn(each.subject, issuer) && !each.der.equals(der));
  const signer = named.find((each) => isSignedBy(der, each.der));
  if (signer !== undefined) return signer;
  const [quoted, signers] = [`"${formatDn(subject)}"`, `"${formatDn(issuer)}"`];
  return named.length === 0
    ? `${quoted} was issued by ${signers}, whose certificate is not in the file: append every certificate up to the self-signed root`
    : `the signature on ${quoted} is wrong: it was not made with the key of the certificate of ${signers}`;
}

function isRoot(certificate: ParsedCertificate): boolean {
  return sameDn(certificate.subject, certificate.issuer) && isSignedBy(certificate.der, certificate.der);
}

/** With every algorithm OpenSSL knows: a root of another make may have signed with one we do not use. */
function isSignedBy(der: Uint8Array, signer: Uint8Array): boolean {
  try {
    return new X509Certificate(der).verify(new X509Certificate(signer).publicKey);
  } catch {
    return false;
  }
}
