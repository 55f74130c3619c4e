import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Signer } from '../../x509/algorithms.js';
import { issuerKeyId, parseCertificate } from '../../x509/certificate.js';
import { createCrl, encodeCrlEntry } from '../../x509/crl.js';

/** One certificate to be listed; serial in hex, time in ms, RFC 5280 §5.3.1 code. */
export interface RevokedCertificate {
  serial: string;
  revokedAt: number;
  reason: number | null;
}

/** Entries encoded in one turn of the event loop: about a millisecond. */
const SLICE = 500;

/**
 * RFC 5280 §5: builds and signs the full CRL of an issuer. The revoked certificates arrive in pages and are
 * encoded one slice per turn of the event loop, so a long list does not block it. The last step is one
 * concatenation, one hash and one signature.
 */
export async function buildCrl(
  issuer: { certificate: Uint8Array; signer: Signer },
  crl: { number: bigint; thisUpdate: number; nextUpdate: number },
  pages: AsyncIterable<readonly RevokedCertificate[]>,
): Promise<Buffer> {
  const certificate = parseCertificate(issuer.certificate);
  const entries: Buffer[] = [];
  for await (const page of pages) {
    for (let at = 0; at < page.length; at += SLICE) {
      const slice = page.slice(at, at + SLICE);
      entries.push(
        Buffer.concat(slice.map((each) => encodeCrlEntry(each.serial, each.revokedAt, each.reason))),
      );
      await nextTurn();
    }
  }
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
