import { isVerifiedBy, type ParsedCertificate } from '../../x509/certificate.js';
import { formatDn, sameDn } from '../../x509/name.js';

/** The certificates between a certificate and its root, and the root; or the reason why there is no chain to a root. */
type FoundChain =
  | { between: ParsedCertificate[]; root: ParsedCertificate }
  | { between: ParsedCertificate[]; root: null; why: string };

/** Longer than any chain in use. */
const LONGEST = 10;

/** Finds the chain of a certificate among others, which may be in any order. Pure. */
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
  const signer = named.find((each) => isVerifiedBy(der, each.der));
  if (signer !== undefined) return signer;
  const [quoted, signers] = [`"${formatDn(subject)}"`, `"${formatDn(issuer)}"`];
  return named.length === 0
    ? `${quoted} was issued by ${signers}, whose certificate is not in the file: append every certificate up to the self-signed root`
    : `the signature on ${quoted} is wrong: it was not made with the key of the certificate of ${signers}`;
}

function isRoot(certificate: ParsedCertificate): boolean {
  return sameDn(certificate.subject, certificate.issuer) && isVerifiedBy(certificate.der, certificate.der);
}
