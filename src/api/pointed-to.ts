import type { FastifyInstance } from 'fastify';
import type { CertificateAuthority } from '../ra/certificate-authority.js';
import { firstFromPem } from '../x509/pem.js';
import { fromCa } from './envelope.js';

/** Where certificates say their CRL is (RFC 5280 §4.2.1.13); the CA writes the same path. */
export const CRL_PATH = '/ca.crl';
/** Where certificates say their issuer's certificate is (RFC 5280 §4.2.2.1); the CA writes the same path. */
export const ISSUER_PATH = '/issuer.cer';

export interface PointedToOptions {
  ca: Pick<CertificateAuthority, 'caCertificates' | 'crl'>;
}

/**
 * What certificates point to, over plain HTTP: a verifier could not check the TLS certificate of a server it needs
 * the CRL to check (RFC 5280 §8).
 */
export async function pointedToRoutes(app: FastifyInstance, { ca }: PointedToOptions): Promise<void> {
  app.get(CRL_PATH, async (_request, reply) => {
    const crl = await fromCa(ca.crl());
    return reply.type('application/pkix-crl').send(Buffer.from(crl)); // RFC 2585 §4.2
  });
  app.get(ISSUER_PATH, async (_request, reply) => {
    const { root, chain } = await fromCa(ca.caCertificates());
    // Without a chain the root issues by itself.
    return reply.type('application/pkix-cert').send(firstFromPem('CERTIFICATE', chain || root)); // RFC 2585 §4.1
  });
}
