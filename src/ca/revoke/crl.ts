import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Signer } from '../../x509/algorithms.js';
import { issuerKeyId, parseCertificate } from '../../x509/certificate.js';
import { createCrl } from '../../x509/crl.js';
import { type CrlEntry, encodeCrlEntries } from '../../x509/crl-entries.js';

/** Entries encoded in one turn of the event loop: about a millisecond. */
const SLICE = 500;

interface CrlIssuer {
  certificate: Uint8Array;
  signer: Signer;
}

interface CrlHeader {
  number: bigint;
  thisUpdate: number;
  nextUpdate: number;
}

/** RFC 5280 §5: builds and signs the full CRL of an issuer from the entries of its revoked certificates, in pages. */
export async function buildCrl(
  issuer: CrlIssuer,
  crl: CrlHeader,
  pages: AsyncIterable<readonly CrlEntry[]>,
): Promise<Buffer> {
  return (await signCrl(issuer, crl, await encodePages(pages))).der;
}

/** Encodes pages of entries, one slice per turn of the event loop, so that a long list does not block it. */
export async function encodePages(pages: AsyncIterable<readonly CrlEntry[]>): Promise<Buffer[]> {
  const encoded: Buffer[] = [];
  for await (const page of pages) {
    for (let at = 0; at < page.length; at += SLICE) {
      encoded.push(encodeCrlEntries(page.slice(at, at + SLICE)));
      await nextTurn();
    }
  }
  return encoded;
}

/** A CRL of encoded entries, and its part that has them: one copy, one hash and one signature. */
export async function signCrl(
  issuer: CrlIssuer,
  crl: CrlHeader,
  entries: readonly Buffer[],
): Promise<{ der: Buffer; entries: Buffer }> {
  const certificate = parseCertificate(issuer.certificate);
  return createCrl(
    {
      issuer: certificate.subjectDer,
      authorityKeyIdentifier: Buffer.from(issuerKeyId(certificate), 'hex'),
      entries,
      ...crl,
    },
    issuer.signer,
  );
}
