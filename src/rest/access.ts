import type { FastifyRequest } from 'fastify';
import type { ClientIdentity } from '../http/identity.js';
import { peerOf } from '../http/peer.js';
import { type AdminRole, mayActAs } from '../model/administrators.js';
import type { CertificateAuthority } from '../model/ca.js';
import { type CertificateDetails, recordOf } from '../model/ca-register.js';
import { Refused } from '../model/refusal.js';

/** The callers of a route: all clients; holders of a client certificate of this PKI; administrators with at least this role. */
export type RouteAccess =
  | { access: 'public' }
  | { access: 'client' }
  | { access: 'private'; role: AdminRole };
export type Access = RouteAccess['access'];

/** The caller: the holder of a client certificate, with the CA's current status of that certificate. */
export interface Caller {
  certificate: CertificateDetails;
  /** IP address of the peer. */
  address: string;
}

/** The caller of a private route. */
export interface Administrator extends Caller {
  role: AdminRole;
}

/** The part of the CA that identities are checked against; every answer is current. */
export type IdentityCheck = Pick<CertificateAuthority, 'bySerial' | 'roleOf'>;

/**
 * Admits a request or refuses it: 401 without a client certificate of this PKI, 403 with one that is revoked
 * or not entitled. The TLS stack has verified the chain, the dates and the key. Every request queries the CA for revocation
 * and entitlement, so that a change affects open connections at once.
 * @throws Refused, CaUnavailable
 */
export async function admit(
  route: RouteAccess,
  request: FastifyRequest,
  ca: IdentityCheck,
): Promise<Caller | Administrator | null> {
  if (route.access === 'public') return null;
  const { identity, address } = peerOf(request);
  if (identity === null) {
    throw new Refused('unauthenticated', 'a client certificate of this PKI, good at this moment, is wanted');
  }
  const certificate = await recordOf(identity, ca);
  if (certificate === null) {
    throw new Refused('forbidden', 'this certificate is not one the certificate authority issued');
  }
  const { state, dn } = certificate;
  if (state !== 'good') throw new Refused('forbidden', `this certificate is ${state}`);
  if (route.access === 'client') return { certificate, address };
  const role = await ca.roleOf(certificate);
  if (role === null) throw new Refused('forbidden', `${dn} is not an administrator`);
  if (!mayActAs(role, route.role)) {
    throw new Refused('forbidden', `this is for role ${route.role}; ${dn} has role ${role}`);
  }
  return { certificate, address, role };
}

/** Header in which a command on the RA's socket sends the name of its user. */
const OPERATOR = 'x-upki-operator';

/**
 * The caller of a command on this machine, an administrator because they can read the keys and the database. The socket has no client
 * certificates.
 */
export function localOperator(route: RouteAccess, request: FastifyRequest): Administrator | null {
  if (route.access === 'public') return null;
  if (route.access === 'client') throw new Refused('unauthenticated', 'a client certificate is wanted');
  const given = request.headers[OPERATOR];
  const name = typeof given === 'string' && /^[\w.@-]{1,64}$/.test(given) ? given : 'unknown';
  const dn = `operator ${name}`;
  const certificate: CertificateDetails = {
    ...{ serial: '', dn, cn: name, profile: 'admin', state: 'good', notBefore: 0, notAfter: 0, names: [] },
    ...{ certificate: '', revokedAt: null, reason: null },
  };
  return { certificate, address: 'local', role: 'admin' };
}

/** Whether the CA knows the certificate as good at this moment. @throws CaUnavailable */
export async function isGood(identity: ClientIdentity, ca: IdentityCheck): Promise<boolean> {
  return (await recordOf(identity, ca))?.state === 'good';
}

/** Whether the holder of a client certificate is an administrator, of any role, at this moment. @throws CaUnavailable */
export async function isAdmin(identity: ClientIdentity, ca: IdentityCheck): Promise<boolean> {
  const certificate = await recordOf(identity, ca);
  return certificate?.state === 'good' && (await ca.roleOf(certificate)) !== null;
}
