import { verify, X509Certificate } from 'node:crypto';
import { parseCrl } from '../../src/x509/crl.js';
import { plainSerial } from './promised-order.js';
import type { World } from './world.js';

/** Reads the CRL at the URL in the certificates (RFC 5280 §4.2.1.13) and passes it to the ledger. @throws Abandoned */
export async function checkCrl({ served, requests, ledger }: World): Promise<void> {
  const { plainUrl } = served;
  const crl = parseCrl(await requests.ask('the CRL', () => download(`${plainUrl}/ca.crl`)));
  const issuer = new X509Certificate(
    await requests.ask('the issuer', () => download(`${plainUrl}/issuer.cer`)),
  );
  if (!verify('sha256', crl.tbs, issuer.publicKey, crl.signature)) {
    ledger.report('contradictory', `CRL ${crl.number} is not signed by the issuer`);
    return;
  }
  const reasons = new Map(crl.entries.map(({ serial, reason }) => [plainSerial(serial), reason]));
  ledger.sawCrl({ number: crl.number ?? 0n, reasons });
}

/** @throws Error unless the status is 200 */
export async function download(url: string): Promise<Buffer> {
  const answer = await fetch(url);
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}
