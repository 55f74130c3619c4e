import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';

/** The holder of a client certificate of this PKI, as the TLS handshake proved it. */
export interface ClientIdentity {
  /** DER. */
  certificate: Buffer;
  /** Lower-case hex. */
  serial: string;
  /** One `TYPE=value` a line, as node:crypto writes it. */
  subject: string;
  x509: X509Certificate;
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
}

const known = new WeakMap<TLSSocket, ClientIdentity | null>();

/**
 * The identity that the peer proved in the TLS handshake, or null. The TLS stack checked the chain to our
 * root and the possession of the key. The dates are checked on each call, because connections and sessions
 * outlive certificates. The caller checks revocation and entitlement. No header is read.
 */
export function clientIdentity(request: FastifyRequest, now: number = Date.now()): ClientIdentity | null {
  const { socket } = request.raw;
  if (!(socket instanceof TLSSocket)) return null;
  let identity = known.get(socket);
  if (identity === undefined) {
    identity = readIdentity(socket);
    known.set(socket, identity);
  }
  return identity && identity.notBefore <= now && now <= identity.notAfter ? identity : null;
}

function readIdentity(socket: TLSSocket): ClientIdentity | null {
  // `authorized` is not enough: a resumed session without a certificate is authorized too.
  const x509 = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (!x509) return null;
  return {
    certificate: x509.raw,
    serial: x509.serialNumber.toLowerCase(),
    subject: x509.subject,
    x509,
    notBefore: Date.parse(x509.validFrom),
    notAfter: Date.parse(x509.validTo),
  };
}
