import type { FastifyInstance } from 'fastify';
import type { CertificateAuthority } from '../../model/ca.js';
import { firstFromPem } from '../../x509/pem.js';
import { fromCa } from '../envelope.js';
import { CRL_TYPES, crlContent } from './crl.js';
import { ocspRoutes, type Responder } from './ocsp.js';

/** Where certificates say their CRL is (RFC 5280 §4.2.1.13); the CA writes the same path. */
export const CRL_PATH = '/ca.crl';
/** Where certificates say their issuer's certificate is (RFC 5280 §4.2.2.1); the CA writes the same path. */
export const ISSUER_PATH = '/issuer.cer';

/** Where certificates say their OCSP responder is (RFC 5280 §4.2.2.1); the CA writes the same path. */
export const OCSP_PATH = '/ocsp';

export interface PointedToOptions {
  ca: Pick<CertificateAuthority, 'caCertificates' | 'crl'>;
  responder: Responder;
}

/**
 * What certificates point to, over plain HTTP: a verifier could not check the TLS certificate of a server it needs
 * the CRL to check (RFC 5280 §8).
 */
export async function pointedToRoutes(
  app: FastifyInstance,
  { ca, responder }: PointedToOptions,
): Promise<void> {
  app.get(CRL_PATH, async (request, reply) => {
    const crl = await fromCa(ca.crl());
    reply.type(CRL_TYPES.der);
    return crlContent(crl, 'der', request, reply);
  });
  app.get(ISSUER_PATH, async (_request, reply) => {
    const { root, chain } = await fromCa(ca.caCertificates());
    // Without a chain the root issues by itself.
    reply.type('application/pkix-cert'); // RFC 2585 §4.1
    return firstFromPem('CERTIFICATE', chain || root);
  });
  await app.register(ocspRoutes, { path: OCSP_PATH, responder });
}
