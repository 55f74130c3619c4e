import type { FastifyInstance } from 'fastify';
import type { CertificateAuthority } from '../ra/certificate-authority.js';
import type { CertificateRegister } from '../ra/certificate-register.js';
import type { HealthChecks } from './health.js';
import { openApi } from './openapi.js';
import { openApiPage } from './openapi-page.js';
import { authorityRoutes } from './public/authority.js';
import { certificateRoutes } from './public/certificates.js';
import { healthRoute } from './public/health.js';
import { profileRoutes } from './public/profiles.js';
import type { Route } from './route.js';
import { serveRoutes } from './serve.js';

export interface ApiOptions {
  ca: Pick<CertificateAuthority, 'caCertificates' | 'crl'>;
  register: CertificateRegister;
  checks: HealthChecks;
  /** Of the program, for the OpenAPI document. */
  version: string;
}

/** Every REST route, in the order the document shows them. */
export function apiRoutes({ ca, register, checks }: ApiOptions): Route[] {
  return [
    healthRoute(checks),
    ...authorityRoutes(ca),
    ...profileRoutes(register),
    ...certificateRoutes(register),
  ];
}

/** The REST side (SPEC §2) with its OpenAPI document, as a fastify plugin for the prefix /api/v1. */
export async function restApi(app: FastifyInstance, options: ApiOptions): Promise<void> {
  const routes = apiRoutes(options);
  const document = openApi({ version: options.version, routes });
  await app.register(serveRoutes, { routes, register: options.register });
  app.get('/openapi.json', (_request, reply) => reply.type('application/json').send(document));
  const page = openApiPage(document);
  app.get('/docs', (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(page),
  );
}
