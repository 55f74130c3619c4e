import type { FastifyRequest } from 'fastify';
import type { Certificate, Node } from '../model/facts.js';
import type { RegistrationAuthority } from '../ra/registration-authority.js';
import type { ExternalAccounts } from './external-account.js';
import type { LinkBuilder } from './links.js';
import type { Nonces } from './nonces/nonces.js';
import type { SignedRequests } from './signed-request.js';

/** The operator's settings for the ACME front end. */
export interface AcmeSettings {
  /** §7.1.1 `meta`. */
  caaIdentities: readonly string[];
  website: string | null;
  terms: TermsOfService;
  /** §7.3.4 */
  externalAccounts: ExternalAccounts;
  /** Issuer domain names of dns-persist-01, at most 10; null: the challenge is not offered. */
  persistIssuers: (() => Promise<readonly string[]>) | null;
  /** §7.4.1: newAuthz is offered. */
  preauthorization: boolean;
}

/** The URL of a page, or the text that is served at /acme/terms. */
type TermsOfService = { url: string } | { text: string };

/** The dependencies of every resource in this folder. */
export interface AcmeContext {
  ra: RegistrationAuthority;
  settings: AcmeSettings;
  links: LinkBuilder;
  nonces: Nonces;
  signed: SignedRequests;
  /** Whether the peer's client certificate is an administrator's. */
  isAdmin(request: FastifyRequest): boolean | Promise<boolean>;
  /** The registered node that a client certificate belongs to, if the certificate is good now; else null. */
  nodeOf(request: FastifyRequest): Promise<Node | null>;
  /** Whether a key is on the operator's list of compromised keys, by base64url SHA-256 of its SubjectPublicKeyInfo. */
  isCompromised(spkiFingerprint: string): boolean;
  /** §7.4.2: other chains for a certificate, PEM, leaf first. */
  alternateChains(certificate: Certificate): Promise<readonly string[]>;
}
