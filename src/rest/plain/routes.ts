import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CertificateAuthority, KnownAuthority } from '../../model/ca.js';
import { Refused } from '../../model/refusal.js';
import { authorityById, firstAuthority } from '../../ra/ca/authorities.js';
import { authoritiesWith, knownAuthorities } from '../../ra/ca/find-authority.js';
import { firstFromPem } from '../../x509/pem.js';
import { CRL_TYPES, crlContent } from './crl.js';
import { ocspRoutes, type Responder } from './ocsp.js';

/** The path of the CRL in certificates (RFC 5280 §4.2.1.13); the CA writes the same path. */
export const CRL_PATH = '/crl/:file';
/** The path of the issuer's certificate in certificates (RFC 5280 §4.2.2.1); the CA writes the same path. */
export const ISSUER_PATH = '/issuer/:file';
/** The paths in certificates of the first issuer, from versions with one issuer. */
export const FIRST_CRL_PATH = '/ca.crl';
export const FIRST_ISSUER_PATH = '/issuer.cer';

/** The path of the OCSP responder in certificates (RFC 5280 §4.2.2.1); the CA writes the same path. */
export const OCSP_PATH = '/ocsp';

interface PlainRoutesOptions {
  ca: Pick<CertificateAuthority, 'caCertificates' | 'crl' | 'authorities'>;
  responder: Responder;
}

/**
 * Serves the CRLs, issuers and OCSP responses that certificates point to, over plain HTTP: with HTTPS, a verifier would need the CRL to
 * verify the server that it downloads the CRL from (RFC 5280 §8).
 */
export async function plainRoutes(
  app: FastifyInstance,
  { ca, responder }: PlainRoutesOptions,
): Promise<void> {
  const sendCrl = async (id: string | undefined, request: FastifyRequest, reply: FastifyReply) => {
    const crl = await ca.crl(id);
    reply.type(CRL_TYPES.der);
    return crlContent(crl, 'der', request, reply);
  };
  const sendCertificate = (pem: string, reply: FastifyReply) => {
    reply.type('application/pkix-cert'); // RFC 2585 §4.1
    return firstFromPem('CERTIFICATE', pem);
  };
  // An unknown id causes a query to the CA. Waiting for the CA does not count as load of this process.
  const waits = { config: { waits: true } };
  app.get<{ Params: { file: string } }>(CRL_PATH, waits, async (request, reply) => {
    const { id } = await named(ca, request.params.file, 'crl');
    return sendCrl(id, request, reply);
  });
  app.get<{ Params: { file: string } }>(ISSUER_PATH, waits, async (request, reply) => {
    const { certificate } = await named(ca, request.params.file, 'cer');
    return sendCertificate(certificate, reply);
  });
  app.get(FIRST_CRL_PATH, async (request, reply) =>
    sendCrl(firstAuthority(await knownAuthorities(ca))?.id, request, reply),
  );
  app.get(FIRST_ISSUER_PATH, async (_request, reply) => {
    const first = firstAuthority(await knownAuthorities(ca));
    if (first !== null) return sendCertificate(first.certificate, reply);
    const { root, chain } = await ca.caCertificates();
    // Without a chain the root is the issuer.
    return sendCertificate(chain || root, reply);
  });
  await app.register(ocspRoutes, { path: OCSP_PATH, responder });
}

/** @throws Refused notFound when no authority of the CA has this id */
async function named(
  ca: PlainRoutesOptions['ca'],
  file: string,
  extension: 'crl' | 'cer',
): Promise<KnownAuthority> {
  const [, id = '', ending = ''] = /^([0-9a-f]{20})\.([a-z]+)$/.exec(file) ?? [];
  if (ending === extension) {
    const found = authorityById(await authoritiesWith(ca, (each) => each.id === id), id);
    if (found !== null) return found;
  }
  throw new Refused('notFound', 'there is no such root or issuer');
}
