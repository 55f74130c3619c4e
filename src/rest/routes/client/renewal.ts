import { z } from 'zod';
import { Refused } from '../../../model/refusal.js';
import type { OwnCertificates } from '../../../ra/nodes/own-certificates.js';
import { type CertificationRequest, parseCsr } from '../../../x509/csr.js';
import { DerError } from '../../../x509/der-error.js';
import { firstFromPem, fromPem, toPem } from '../../../x509/pem.js';
import { KeyError, spkiFingerprint } from '../../../x509/spki.js';
import { formatQuery, text } from '../../fields.js';
import { chooseFormat, JSON_OR_CHAIN } from '../../format.js';
import { clientRoute, FileAnswer, type Route } from '../../route.js';

/** Below the listener's limit for bodies; a CSR of an 8192-bit RSA key with a hundred names has less than 12 kB. */
const MAX_CSR = 32_768;

interface RenewalOptions {
  ownCertificates: Pick<OwnCertificates, 'reissue'>;
  /** Whether a key, by its fingerprint, is on the operator's list. */
  isCompromised(spkiFingerprint: string): boolean;
}

/** The renewal of a good certificate by its holder. */
export function renewalRoute({ ownCertificates, isCompromised }: RenewalOptions): Route {
  return clientRoute('POST', '/client/renew', {
    summary:
      'A new certificate with the names and the profile of the one you present, for the key of the CSR; nothing else ' +
      'of the CSR is used, and the old certificate stays good. Asking again with the same CSR soon gives the same certificate.',
    query: formatQuery(JSON_OR_CHAIN),
    body: z.strictObject({ csr: text('PKCS #10 in PEM', MAX_CSR) }),
    status: 201,
    files: [JSON_OR_CHAIN.chain],
    result: z.object({
      serial: z.string().describe('Lower-case hex'),
      certificate: z.string().describe('PEM'),
      chain: z.string().describe('PEM of the issuing chain, issuer first, root left out'),
    }),
    audited: (_, { serial }) => ({ issued: serial }),
    async handle({ caller: { certificate }, body, query, request, reply }) {
      const { der, publicKey } = readCsr(body.csr);
      if (isCompromised(spkiFingerprint(publicKey.spki))) {
        throw unfit('its key is known to be compromised; never use it again');
      }
      const { serial, chain: file } = await ownCertificates.reissue(certificate.serial, der);
      if (chooseFormat(JSON_OR_CHAIN, { query, request, reply }) === 'chain') {
        reply.code(201);
        return new FileAnswer(JSON_OR_CHAIN.chain, file, { issued: serial });
      }
      const [leaf = '', ...issuers] = fromPem('CERTIFICATE', file).map((each) => toPem('CERTIFICATE', each));
      return { serial, certificate: leaf, chain: issuers.join('') };
    },
  });
}

/** @throws Refused naming the field: 400 for text that is not a CSR, 422 for a CSR that cannot be certified */
function readCsr(pem: string): CertificationRequest & { der: Buffer } {
  try {
    const der = firstFromPem('CERTIFICATE REQUEST', pem);
    const csr = parseCsr(der);
    if (csr.asksForCa) throw unfit('it asks for a CA certificate');
    return { ...csr, der };
  } catch (error) {
    if (error instanceof KeyError) throw unfit(error.message);
    if (!(error instanceof DerError)) throw error;
    throw new Refused('invalidRequest', `csr: ${error.message}`, { field: 'csr' });
  }
}

const unfit = (why: string) => new Refused('unprocessable', `csr: ${why}`, { field: 'csr' });
