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
  /** Absent: nonces of this process alone. */
  nonces?: Nonces;
  /**
   * Whether the holder of a client certificate may read everybody's orders and authorizations; nobody may
   * when absent.
   */
  isAdmin?(identity: ClientIdentity): boolean | Promise<boolean>;
  /**
   * The registered node that holds this certificate, if the certificate is good; its names need no challenge.
   * Absent: there are no nodes.
   */
  nodeOf?(identity: ClientIdentity): Promise<Node | null>;
  /**
   * Looks a key up by the base64url SHA-256 of its SubjectPublicKeyInfo; no key is compromised when absent.
   */
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

/** ACME (RFC 8555), all of it under /acme. A fastify plugin; `wellKnownRoutes` is its neighbour outside /acme. */
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
      // Pages of other sites may order (see cors.ts), but not by the certificate that a browser adds.
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
    if (request.method === 'POST' || request.url !== '/acme/directory') {
      reply.header('link', links.forHost(request.headers.host).index); // §7.1
    }
    // §6.5: on every answer to a POST, errors included.
    if (request.method === 'POST') reply.header('replay-nonce', nonces.mint());
    done();
  });
  acme.setErrorHandler((error, request, reply) => {
    // The nonce of this answer may be as useless as the refused one: the store may have a new key.
    if (error instanceof Problem && error.type === 'badNonce') reply.header('replay-nonce', nonces.mint());
    if (error instanceof Problem && error.type === 'userActionRequired') {
      const own = links.forHost(request.headers.host);
      reply.header('link', [own.index, `<${termsUrl(own, settings)}>;rel="terms-of-service"`]); // §7.3.3
    }
    throw error;
  });
}
