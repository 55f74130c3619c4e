import type { FastifyInstance } from 'fastify';
import type { AuditLog } from '../ra/audit-log.js';
import type { CaAdministration } from '../ra/ca-administration.js';
import type { CertificateAuthority } from '../ra/certificate-authority.js';
import type { CertificateRegister } from '../ra/certificate-register.js';
import type { CertificateStatus } from '../ra/certificate-status.js';
import type { Certification } from '../ra/certification.js';
import type { HolderService } from '../ra/holders.js';
import type { Nodes } from '../ra/nodes.js';
import { ownCertificateRoutes } from './client/certificate.js';
import { renewalRoute } from './client/renewal.js';
import { ownRevocationRoute } from './client/revocation.js';
import type { HealthChecks } from './health.js';
import { openApi } from './openapi.js';
import { openApiPage } from './openapi-page.js';
import { adminRoutes } from './private/admins.js';
import { authorityRoutes as privateAuthorityRoutes } from './private/authority.js';
import { configRoute } from './private/config.js';
import { nodeRoutes } from './private/nodes.js';
import { authorityRoutes } from './public/authority.js';
import { certificateRoutes } from './public/certificates.js';
import { certifyRoute } from './public/certify.js';
import { healthRoute } from './public/health.js';
import { magicRoute } from './public/magic.js';
import { ocspRoutes } from './public/ocsp.js';
import { profileRoutes } from './public/profiles.js';
import type { Route } from './route.js';
import { serveRoutes } from './serve.js';

export interface ApiOptions {
  /** Milliseconds since the epoch. */
  clock?: () => number;
  ca: Pick<CertificateAuthority, 'caCertificates' | 'crl'>;
  register: CertificateRegister;
  administration: CaAdministration;
  holders: HolderService;
  /** Whether a key, by its fingerprint, is on the operator's list. */
  isCompromised(spkiFingerprint: string): boolean;
  /** The settings in effect by the name of their variable, secrets redacted. */
  settings: Readonly<Record<string, string>>;
  status: CertificateStatus;
  audit: AuditLog;
  checks: HealthChecks;
  nodes: Pick<Nodes, 'register' | 'list' | 'remove'>;
  certification: Pick<Certification, 'certify'>;
  /** Scheme, host and port of our URLs, by the request's Host. */
  baseUrl(host: string | undefined): string;
  /** Of the program, for the OpenAPI document. */
  version: string;
}

/** Every REST route, in the order the document shows them. */
export function apiRoutes(options: ApiOptions): Route[] {
  const { ca, register, status, administration, holders, settings, checks } = options;
  const { certification, clock = Date.now } = options;
  return [
    healthRoute(checks),
    ...authorityRoutes(ca),
    ...profileRoutes(register),
    ...certificateRoutes(register),
    ...ocspRoutes(status),
    certifyRoute(certification),
    magicRoute(options),
    ...adminRoutes(administration),
    ...privateAuthorityRoutes(administration),
    configRoute(settings),
    ...ownCertificateRoutes(ca, register, clock),
    renewalRoute(options),
    ownRevocationRoute(holders),
    ...nodeRoutes({ ...options, clock }),
  ];
}

/** The REST side (SPEC §2) with its OpenAPI document, as a fastify plugin for the prefix /api/v1. */
export async function restApi(app: FastifyInstance, options: ApiOptions): Promise<void> {
  // JSON is what routes take; without this parser text is refused with 415.
  app.removeContentTypeParser('text/plain');
  const routes = apiRoutes(options);
  const document = openApi({ version: options.version, routes });
  await app.register(serveRoutes, { routes, register: options.register, audit: options.audit });
  app.get('/openapi.json', (_request, reply) => reply.type('application/json').send(document));
  const page = openApiPage(document);
  app.get('/docs', (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(page),
  );
}
