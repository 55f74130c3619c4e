import type { FastifyInstance } from 'fastify';
import { JsonError, parseJson } from '../lib/json.js';
import { Refused } from '../model/refusal.js';
import type { Activity } from '../ra/activity.js';
import type { AuditLog } from '../ra/audit-log.js';
import type { AuditReader } from '../ra/audit-reader.js';
import type { CaClient } from '../ra/ca/client.js';
import type { Certification } from '../ra/nodes/certification.js';
import type { Nodes } from '../ra/nodes/nodes.js';
import type { OwnCertificates } from '../ra/nodes/own-certificates.js';
import type { Operator } from '../ra/operator/index.js';
import type { Health } from './health.js';
import { openApi } from './openapi/openapi.js';
import { openApiPage } from './openapi/page.js';
import type { Route } from './route.js';
import { ownCertificateRoutes } from './routes/client/certificate.js';
import { renewalRoute } from './routes/client/renewal.js';
import { ownRevocationRoute } from './routes/client/revocation.js';
import { operatorAccountRoutes } from './routes/private/accounts.js';
import { activityRoute } from './routes/private/activity.js';
import { adminRoutes } from './routes/private/admins.js';
import { auditRoutes } from './routes/private/audit.js';
import { authoritiesRoute } from './routes/private/authorities.js';
import { operatorCertificateRoutes } from './routes/private/certificates.js';
import { checkRoute } from './routes/private/check.js';
import { configRoutes, type SettingSources } from './routes/private/config.js';
import { crlRoute } from './routes/private/crl.js';
import { failureRoute } from './routes/private/failures.js';
import { nodeRoutes } from './routes/private/nodes.js';
import { optionsRoute } from './routes/private/options.js';
import { reloadRoute } from './routes/private/reload.js';
import { type Rules, ruleRoutes } from './routes/private/rules.js';
import { statusRoute } from './routes/private/status.js';
import { caRoutes } from './routes/public/ca.js';
import { publicCertificateRoutes } from './routes/public/certificates.js';
import { certifyRoute } from './routes/public/certify.js';
import { healthRoute } from './routes/public/health.js';
import { magicRoute } from './routes/public/magic.js';
import { ocspRoutes } from './routes/public/ocsp.js';
import { profileRoutes } from './routes/public/profiles.js';
import { serveRoutes } from './serve.js';

/** The part of the CA that REST uses directly. */
export type AskedOfCa = Pick<
  CaClient,
  | ('caCertificates' | 'authorities' | 'authoritiesInFull' | 'crl' | 'generateCrl' | 'options')
  | ('profile' | 'profileNames')
  | ('bySerial' | 'byCommonName' | 'list' | 'status' | 'ocsp')
  | ('administrators' | 'addAdministrator' | 'removeAdministrator' | 'roleOf')
>;

export interface ApiOptions {
  /** Milliseconds since the epoch. */
  clock?: () => number;
  ca: AskedOfCa;
  ownCertificates: OwnCertificates;
  /** Whether clients without a certificate may list the certificates of servers; default true. */
  publicCertificates?: boolean;
  /** Whether a key, by its fingerprint, is on the operator's list. */
  isCompromised(spkiFingerprint: string): boolean;
  /** The settings in effect by the name of their variable, secrets redacted. */
  settings: Readonly<Record<string, string>>;
  /** The same settings, each with its source. */
  sources: SettingSources;
  activity: Pick<Activity, 'hours'>;
  audit: AuditLog;
  auditReader: Pick<AuditReader, 'newest' | 'ends' | 'cuts'>;
  health: Health;
  status: Parameters<typeof statusRoute>[0];
  nodes: Pick<Nodes, 'register' | 'list' | 'remove' | 'show' | 'change'>;
  certification: Pick<Certification, 'certify'>;
  operator: Operator;
  /** Applies the current rules; when it rejects, the old ones stay in force. */
  reload(): Promise<void>;
  rules: Rules;
  /** True when every caller is this machine's operator: for a socket that only the operator can open. */
  local?: boolean;
  /** Scheme, host and port of our URLs, by the request's Host. */
  baseUrl(host: string | undefined): string;
  /** Version of the program, for the OpenAPI document. */
  version: string;
}

/** Every REST route, in the order of the OpenAPI document. */
export function apiRoutes(options: ApiOptions): Route[] {
  const { ca, ownCertificates, settings } = options;
  const { certification, operator, clock = Date.now } = options;
  return [
    ...readableRoutes(options),
    certifyRoute(certification),
    magicRoute(options),
    ...adminRoutes(ca),
    authoritiesRoute(ca),
    crlRoute(ca),
    optionsRoute(ca),
    ...configRoutes(settings, options.sources),
    activityRoute(options.activity),
    ...ownCertificateRoutes(ca, clock),
    renewalRoute(options),
    ownRevocationRoute(ownCertificates),
    ...nodeRoutes({ ...options, clock }),
    ...operatorCertificateRoutes(operator.certificates, clock),
    ...operatorAccountRoutes(operator.accounts),
    failureRoute(operator.failures),
    ...auditRoutes(options.auditReader),
    checkRoute(operator.checks),
    reloadRoute(options.reload),
    ...ruleRoutes(options.rules),
    statusRoute(options.status),
  ];
}

/** The public routes, and OCSP. */
function readableRoutes({ ca, health, publicCertificates = true }: ApiOptions): Route[] {
  return [
    healthRoute(health),
    ...caRoutes(ca),
    ...profileRoutes(ca),
    ...(publicCertificates ? publicCertificateRoutes(ca) : []),
    ...ocspRoutes(ca),
  ];
}

/**
 * Parses JSON as strictly as ACME does: duplicate members are refused, because two parsers could each use a different one. An empty
 * body counts as no body.
 */
function takeJson(app: FastifyInstance): void {
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, body.length === 0 ? undefined : parseJson(Buffer.from(body), 'the request body'));
    } catch (error) {
      done(error instanceof JsonError ? new Refused('invalidRequest', error.message) : (error as Error));
    }
  });
}

/** All REST routes and their OpenAPI document; a fastify plugin for the prefix /api/v1. */
export async function restApi(app: FastifyInstance, options: ApiOptions): Promise<void> {
  await serveApi(app, options, apiRoutes(options));
}

/** The public REST routes and the OpenAPI document of all routes; a fastify plugin for the prefix /api/v1. */
export async function readableApi(app: FastifyInstance, options: ApiOptions): Promise<void> {
  await serveApi(app, options, readableRoutes(options));
}

async function serveApi(app: FastifyInstance, options: ApiOptions, routes: Route[]): Promise<void> {
  // Routes accept JSON only: without fastify's other parsers, text is refused with 415.
  app.removeAllContentTypeParsers();
  takeJson(app);
  const document = openApi({ version: options.version, routes: apiRoutes(options) });
  const { ca, audit, baseUrl } = options;
  await app.register(serveRoutes, { local: options.local ?? false, routes, ca, audit, baseUrl });
  app.get('/openapi.json', (_request, reply) => reply.type('application/json').send(document));
  const page = openApiPage(document);
  app.get('/docs', (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header(
        'content-security-policy',
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      )
      .send(page),
  );
}
