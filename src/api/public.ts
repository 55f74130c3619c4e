import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CertificateAuthority } from '../ra/certificate-authority.js';
import { Problem } from '../ra/problem.js';
import { firstFromPem, toPem } from '../x509/pem.js';
import { fromCa, success } from './envelope.js';
import { chooseFormat } from './format.js';
import { failedChecks, type HealthChecks } from './health.js';

export interface ApiOptions {
  ca: Pick<CertificateAuthority, 'caCertificates' | 'crl'>;
  checks: HealthChecks;
}

const CA_FORMATS = {
  pem: 'application/x-pem-file',
  der: 'application/pkix-cert', // RFC 2585 §4.1
  chain: 'application/pem-certificate-chain', // RFC 8555 §9.1
  json: 'application/json',
};
const CRL_FORMATS = {
  der: 'application/pkix-crl', // RFC 2585 §4.2
  pem: 'application/x-pem-file',
  json: 'application/json',
};

type Request = FastifyRequest<{ Querystring: Record<string, unknown> }>;

/** The public REST resources; register it under `/api/v1`. */
export async function publicApi(app: FastifyInstance, options: ApiOptions): Promise<void> {
  const { ca, checks } = options;

  /** Whether the process answers; with `?ready`, whether it can do its work. */
  const health = async (request: Request) => {
    if (request.query.ready === undefined) return success({ status: 'healthy' });
    const failed = await failedChecks(checks);
    if (failed.length === 0) return success({ status: 'ready' });
    throw new Problem('serverInternal', `not ready: ${failed.join(', ')}`, { status: 503 });
  };

  const authority = async (request: Request, reply: FastifyReply) => {
    const format = chooseFormat(CA_FORMATS, request.query.format, request.headers.accept);
    const { root, chain } = await fromCa(ca.caCertificates());
    if (format === 'json') return success({ certificate: root, chain });
    reply.type(CA_FORMATS[format]);
    if (format === 'der') return reply.send(firstFromPem('CERTIFICATE', root));
    return reply.send(format === 'chain' ? chain + root : root);
  };

  const crl = async (request: Request, reply: FastifyReply) => {
    const format = chooseFormat(CRL_FORMATS, request.query.format, request.headers.accept);
    const der = Buffer.from(await fromCa(ca.crl()));
    if (format === 'json') return success({ crl: der.toString('base64') });
    return reply.type(CRL_FORMATS[format]).send(format === 'pem' ? toPem('X509 CRL', der) : der);
  };

  for (const prefix of ['', '/public']) {
    app.get(`${prefix}/health`, health);
    app.get(`${prefix}/ca`, authority);
    app.get(`${prefix}/crl`, crl);
  }
}
