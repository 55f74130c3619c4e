import { z } from 'zod';
import type { CertificateAuthority } from '../../../model/ca.js';
import { firstFromPem } from '../../../x509/pem.js';
import { formatQuery } from '../../fields.js';
import { chooseFormat } from '../../format.js';
import { CRL_TYPES, crlContent } from '../../plain/crl.js';
import { FileAnswer, publicRoute, type Route } from '../../route.js';

const CA_FORMATS = {
  pem: 'application/x-pem-file',
  der: 'application/pkix-cert', // RFC 2585 §4.1
  chain: 'application/pem-certificate-chain', // RFC 8555 §9.1
  json: 'application/json',
};

const files = (formats: Record<string, string>) =>
  Object.values(formats).filter((type) => type !== 'application/json');

/** The CA's own certificates and its CRL. */
export function caRoutes(ca: Pick<CertificateAuthority, 'caCertificates' | 'crl'>): Route[] {
  return [
    publicRoute('GET', '/public/ca', {
      summary: 'The root certificate, or with `format=chain` issuer and root.',
      query: formatQuery(CA_FORMATS),
      files: files(CA_FORMATS),
      result: z.object({
        certificate: z.string().describe('PEM of the root'),
        chain: z.string().describe('PEM of the issuing chain, issuer first, root left out'),
      }),
      async handle({ query, request, reply }) {
        const format = chooseFormat(CA_FORMATS, { query, request, reply });
        const { root, chain } = await ca.caCertificates();
        if (format === 'json') return { certificate: root, chain };
        const type = CA_FORMATS[format];
        if (format === 'der') return new FileAnswer(type, firstFromPem('CERTIFICATE', root));
        return new FileAnswer(type, format === 'chain' ? chain + root : root);
      },
    }),
    publicRoute('GET', '/public/crl', {
      summary: 'The current CRL (RFC 5280 §5).',
      query: formatQuery(CRL_TYPES),
      files: files(CRL_TYPES),
      result: z.object({ crl: z.base64().describe('DER') }),
      async handle({ query, request, reply }) {
        const format = chooseFormat(CRL_TYPES, { query, request, reply });
        const der = await ca.crl();
        if (format === 'json') return { crl: Buffer.from(der).toString('base64') };
        return new FileAnswer(CRL_TYPES[format], crlContent(der, format, request, reply));
      },
    }),
  ];
}
