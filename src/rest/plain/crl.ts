import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { setFreshness } from '../../http/caching.js';
import { readCrlTimes } from '../../x509/crl.js';
import { toPem } from '../../x509/pem.js';
import { maxAge } from './freshness.js';

export const CRL_TYPES = {
  der: 'application/pkix-crl', // RFC 2585 §4.2
  pem: 'application/x-pem-file',
  json: 'application/json',
};

/** The ETag is from the CRL's signature, which covers all of it (RFC 5280 §5.1.1.3). Hashing a long CRL takes milliseconds. */
const SIGNATURE = 64;

interface CrlFacts {
  digest: string;
  thisUpdate: number;
  nextUpdate: number;
}

/** The parsed fields of each CRL. */
const known = new WeakMap<Uint8Array, CrlFacts>();

/** A CRL to send, with its caching headers. */
export function crlContent(
  der: Uint8Array,
  format: 'der' | 'pem',
  request: FastifyRequest,
  reply: FastifyReply,
): Buffer | string {
  const { digest, thisUpdate, nextUpdate } = factsOf(der);
  const now = Date.now();
  const seconds = maxAge(nextUpdate, now);
  const etag = format === 'der' ? digest : `${digest}-${format}`;
  const expires = now + seconds * 1000;
  setFreshness(request, reply, {
    etag,
    lastModified: thisUpdate,
    datedApart: true,
    maxAge: seconds,
    expires,
  });
  return format === 'pem' ? toPem('X509 CRL', der) : Buffer.from(der.buffer, der.byteOffset, der.length);
}

function factsOf(der: Uint8Array): CrlFacts {
  let facts = known.get(der);
  if (facts === undefined) {
    const { thisUpdate, nextUpdate } = readCrlTimes(der);
    const digest = createHash('sha256').update(der.subarray(-SIGNATURE)).digest('hex').slice(0, 32);
    facts = { digest, thisUpdate, nextUpdate: nextUpdate ?? thisUpdate };
    known.set(der, facts);
  }
  return facts;
}
