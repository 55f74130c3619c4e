import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isCrossSite } from '../http/cross-site.js';
import type { ClientIdentity } from '../http/identity.js';
import { peerOf } from '../http/peer.js';
import type { Certificate, Node } from '../model/facts.js';
import { Problem } from '../model/problem.js';
import type { RegistrationAuthority } from '../ra/registration-authority.js';
import type { AcmeContext, AcmeSettings } from './context.js';
import { allowPages } from './cors.js';
import type { LinkBuilder } from './links.js';
import { NonceWindow } from './nonces/nonce-window.js';
import type { Nonces } from './nonces/nonces.js';
import { accountRoutes } from './resources/account.js';
import { authorizationRoutes } from './resources/authorization.js';
import { certificateRoutes } from './resources/certificate.js';
import { challengeRoutes } from './resources/challenge.js';
import { directoryRoutes, termsUrl } from './resources/directory.js';
import { keyChangeRoutes } from './resources/key-change.js';
import { nonceRoutes } from './resources/nonce.js';
import { orderRoutes } from './resources/order.js';
import { renewalInfoRoutes } from './resources/renewal-info.js';
import { revocationRoutes } from './resources/revocation.js';
import { termsRoutes } from './resources/terms.js';
import { SignedRequests } from './signed-request.js';

export interface AcmeOptions {
  ra: RegistrationAuthority;
  links: LinkBuilder;
  settings: AcmeSettings;
  /** Absent: the nonces of this process are valid only here. */
  nonces?: Nonces;
  /** Whether the holder of a client certificate may read all orders and authorizations; absent: no holder may. */
  isAdmin?(identity: ClientIdentity): boolean | Promise<boolean>;
  /** The registered node of a good certificate; its names need no challenge. Absent: there are no nodes. */
  nodeOf?(identity: ClientIdentity): Promise<Node | null>;
  /** Whether a key is compromised, by the base64url SHA-256 of its SubjectPublicKeyInfo; absent: no key is. */
  isCompromised?(spkiFingerprint: string): boolean;
  /** §7.4.2; none when absent. */
  alternateChains?(certificate: Certificate): Promise<readonly string[]>;
}

const RESOURCES = [
  directoryRoutes,
  nonceRoutes,
  accountRoutes,
  keyChangeRoutes,
  orderRoutes,
  authorizationRoutes,
  challengeRoutes,
  certificateRoutes,
  revocationRoutes,
  renewalInfoRoutes,
  termsRoutes,
];

/** All of ACME (RFC 8555) below /acme. A fastify plugin; `wellKnownRoutes` has the routes outside /acme. */
export async function acmeRoutes(app: FastifyInstance, options: AcmeOptions): Promise<void> {
  const context = contextOf(options);
  await app.register(
    async (acme) => {
      takeOnlyJose(acme);
      addProtocolHeaders(acme, context);
      allowPages(acme);
      for (const resource of RESOURCES) resource(acme, context);
    },
    { prefix: '/acme' },
  );
}

function contextOf(options: AcmeOptions): AcmeContext {
  const { ra, links, settings, nonces = new NonceWindow(), isAdmin = () => false } = options;
  return {
    ra,
    links,
    settings,
    nonces,
    signed: new SignedRequests(ra, nonces, links),
    isAdmin: (request: FastifyRequest) => {
      const { identity } = peerOf(request);
      return identity === null ? false : isAdmin(identity);
    },
    nodeOf: async (request) => {
      // Pages of other sites may order (see cors.ts), but the certificate that the browser adds is ignored for them.
      const crossSite = isCrossSite(request, links.forHost(request.headers.host).base);
      const identity = options.nodeOf && !crossSite ? peerOf(request).identity : null;
      return identity && options.nodeOf ? options.nodeOf(identity) : null;
    },
    isCompromised: options.isCompromised ?? (() => false),
    alternateChains: options.alternateChains ?? (async () => []),
  };
}

/** §6.2: a body is application/jose+json, or refused with 415. */
function takeOnlyJose(acme: FastifyInstance): void {
  acme.removeAllContentTypeParsers();
  acme.addContentTypeParser('application/jose+json', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
}

function addProtocolHeaders(acme: FastifyInstance, { links, nonces, settings }: AcmeContext): void {
  acme.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'POST' || request.routeOptions.url !== '/acme/directory') {
      reply.header('link', links.forHost(request.headers.host).index); // §7.1
    }
    // §6.5: on every answer to a POST, errors included.
    if (request.method === 'POST') reply.header('replay-nonce', nonces.mint());
    done();
  });
  acme.setErrorHandler((error, request, reply) => {
    // The store may have a new key, so this answer needs a nonce of that key.
    if (error instanceof Problem && error.type === 'badNonce') reply.header('replay-nonce', nonces.mint());
    if (error instanceof Problem && error.type === 'userActionRequired') {
      const own = links.forHost(request.headers.host);
      reply.header('link', [own.index, `<${termsUrl(own, settings)}>;rel="terms-of-service"`]); // §7.3.3
    }
    throw error;
  });
}
