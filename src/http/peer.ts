import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseCertificate } from '../x509/certificate.js';
import { formatDn } from '../x509/name.js';
import { type ClientIdentity, clientIdentity } from './identity.js';

/** The client of a request. */
interface Peer {
  /** The holder of a valid client certificate of this PKI with proved key possession; else null. */
  identity: ClientIdentity | null;
  /** IP address. */
  address: string;
}

/** Finds the client behind a proxy; null when the peer is no trusted proxy. Rejects when that cannot be determined. */
export type BehindProxy = (request: FastifyRequest, proxy: Peer) => Promise<Peer | null>;

const behind = new WeakMap<FastifyRequest, Peer | Error>();

/** Finds the client behind a proxy for requests of all routes that are added later. */
export function lookBehindProxies(app: FastifyInstance, look: BehindProxy): void {
  app.addHook('onRequest', async (request) => {
    try {
      const peer = await look(request, directPeer(request));
      if (peer !== null) behind.set(request, peer);
    } catch (error) {
      // The error is thrown to callers that ask for the peer; other requests are answered.
      behind.set(request, error as Error);
    }
  });
}

/** The client of a request. @throws the reason why it is not known, such as CaUnavailable */
export function peerOf(request: FastifyRequest): Peer {
  const known = behind.get(request);
  if (known instanceof Error) throw known;
  return known ?? directPeer(request);
}

/** The subject of the peer's client certificate, for the audit log; null when it has none, or the peer is not known. */
export function peerName(request: FastifyRequest): string | null {
  try {
    const { identity } = peerOf(request);
    return identity === null ? null : formatDn(parseCertificate(identity.certificate).subject);
  } catch {
    return null;
  }
}

/** The peer's address, for logs. */
export function addressOf(request: FastifyRequest): string {
  const known = behind.get(request);
  return known === undefined || known instanceof Error ? directAddress(request) : known.address;
}

function directPeer(request: FastifyRequest): Peer {
  return { identity: clientIdentity(request), address: directAddress(request) };
}

/** IPv4 is written as IPv4, also when it came over a dual-stack socket (RFC 4291 §2.5.5.2). */
function directAddress({ ip }: { ip?: string }): string {
  // A local socket has no address.
  return (ip ?? 'local').replace(/^::ffff:(?=\d+\.)/i, '');
}
