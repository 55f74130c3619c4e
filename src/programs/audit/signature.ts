import { createPrivateKey, sign, verify, X509Certificate } from 'node:crypto';
import type { AuditCut } from '../../store/contract/audit.js';
import { type AuditHead, cutText } from '../../store/rows/audit-chain.js';
import { fingerprintOf } from '../../x509/fingerprint.js';
import { fromPem } from '../../x509/pem.js';

/** Signs the record after which a log is cut. */
export interface CutSigner {
  /** PEM of its certificate, then those of its issuers up to the root. */
  certificate: string;
  sign(text: Buffer): Buffer | Promise<Buffer>;
}

/** The hash for a key's signatures: by the size of its curve, SHA-256 for RSA, null for Ed25519, which has its own. */
function hashFor(certificate: X509Certificate): string | null {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  if (asymmetricKeyType === 'ed25519') return null;
  const curves: Record<string, string> = { secp384r1: 'sha384', secp521r1: 'sha512' };
  return curves[asymmetricKeyDetails?.namedCurve ?? ''] ?? 'sha256';
}

/** A signer with a key in memory. @param key PKCS #8 PEM @param certificate PEM, followed by its issuers up to the root */
export function keySigner(key: string, certificate: string): CutSigner {
  const hash = hashFor(new X509Certificate(certificate));
  return { certificate, sign: (text) => sign(hash, text, createPrivateKey(key)) };
}

/** Signs a cut of a log. @param at time of the cut, in ms since the epoch */
export async function signedCut(
  program: 'ra' | 'ca',
  head: AuditHead,
  signer: CutSigner,
  at: number,
): Promise<AuditCut> {
  const { chain, sequence, hash } = head;
  const signature = Buffer.from(await signer.sign(Buffer.from(cutText(program, head))));
  return {
    chain,
    sequence,
    hash,
    at,
    certificate: signer.certificate,
    signature: signature.toString('base64'),
  };
}

/**
 * The fault of a cut's signature, as a clause; null if it is valid.
 * @param roots SHA-256 (hex) of every root this PKI has had; null accepts any root
 */
export function cutFault(
  program: 'ra' | 'ca',
  cut: AuditCut,
  roots: readonly string[] | null,
): string | null {
  let chain: X509Certificate[];
  try {
    chain = fromPem('CERTIFICATE', cut.certificate).map((der) => new X509Certificate(der));
  } catch {
    chain = [];
  }
  const [signer] = chain;
  if (signer === undefined) return 'it was cut there without a certificate of the signer';
  if (!isSignedBy(signer, cutText(program, cut), cut.signature))
    return 'the signature of the cut is not good';
  for (const [index, each] of chain.entries()) {
    const issuer = chain[index + 1] ?? each;
    if (!each.verify(issuer.publicKey))
      return `the certificate of the signer, ${nameOf(signer)}, has no root`;
  }
  const root = fingerprintOf(chain.at(-1)?.raw ?? new Uint8Array());
  if (roots === null || roots.includes(root)) return null;
  return `it was cut there by ${nameOf(signer)}, which no root of this PKI signed`;
}

const nameOf = (certificate: X509Certificate): string =>
  certificate.subject.replace(/\n/g, ', ') || 'no name';

function isSignedBy(signer: X509Certificate, text: string, signature: string): boolean {
  try {
    return verify(hashFor(signer), Buffer.from(text), signer.publicKey, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}
