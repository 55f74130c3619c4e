import { X509Certificate } from 'node:crypto';
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { parseCertificate } from '../x509/certificate.js';
import { DerError } from '../x509/der-error.js';
import { parseExtKeyUsage, readExtension } from '../x509/extensions.js';
import { OID } from '../x509/oids.js';
import { fromPem } from '../x509/pem.js';
import type { ClientIdentity } from './identity.js';
import type { BehindProxy } from './peer.js';

/** A proxy that is trusted to name its client. */
interface TrustedProxy {
  /** Common name in the proxy's client certificate. */
  name: string;
  /** CIDR or address that it connects from. */
  network: string;
}

/** The header with the client's certificate. Only one is read, because a proxy passes on others that a client sent. */
export type ProxyHeader = 'Client-Cert' | 'X-SSL-CLIENT-CERT';

export interface TrustedProxiesOptions {
  proxies: readonly TrustedProxy[];
  header: ProxyHeader;
  /** PEM of the authorities that issue client certificates; read anew for each request. */
  authorities(): readonly string[];
  /** Whether the CA knows the certificate, and it is good at this moment. */
  isGood(identity: ClientIdentity): Promise<boolean>;
  now?: () => number;
}

/**
 * Trusts the header of a proxy that connects from its network with a good client certificate of its name. The
 * certificate in the header then counts as the client's, if it is valid. The proxy's own certificate never
 * counts, because its rights would then extend to every client. The headers of all other peers are ignored.
 */
export function trustedProxies(options: TrustedProxiesOptions): BehindProxy {
  const { proxies, header, authorities, isGood, now = Date.now } = options;
  const known = proxies.map(({ name, network }) => ({ name, contains: contains(network) }));
  return async (request, { identity, address }) => {
    if (identity === null) return null;
    const { commonName } = parseCertificate(identity.certificate);
    if (!known.some(({ name, contains }) => name === commonName && contains(address))) return null;
    if (!(await isGood(identity))) return null;
    const passed = passedOn(request, header);
    return {
      identity: passed && identityOf(passed, authorities(), now()),
      address: forwardedFor(request) ?? address,
    };
  };
}

function contains(network: string): (address: string) => boolean {
  const list = new BlockList();
  const [base = '', bits] = network.split('/');
  const family = isIPv6(base) ? 'ipv6' : 'ipv4';
  list.addSubnet(base, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** DER of the client's certificate; null without the header. */
function passedOn(request: FastifyRequest, header: ProxyHeader): Buffer | null {
  const value = request.headers[header.toLowerCase()];
  if (typeof value !== 'string' || value === '') return null;
  if (header === 'Client-Cert') return sfBinary(value);
  if (request.headers['x-ssl-client-verify'] !== 'SUCCESS') return null;
  return escapedPem(value);
}

/** RFC 9440 §2.2: the DER as a Byte Sequence (RFC 8941 §3.3.5). */
function sfBinary(value: string): Buffer | null {
  const [, base64] = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(value) ?? [];
  return base64 === undefined ? null : Buffer.from(base64, 'base64');
}

/** URL-escaped PEM, as nginx writes `$ssl_client_escaped_cert`; one certificate. */
function escapedPem(value: string): Buffer | null {
  try {
    const certificates = fromPem('CERTIFICATE', decodeURIComponent(value));
    return certificates.length === 1 ? (certificates[0] ?? null) : null;
  } catch (error) {
    if (error instanceof URIError || error instanceof DerError) return null;
    throw error;
  }
}

/** Checks a client certificate as our TLS stack does, except key possession, which the proxy has verified. */
function identityOf(der: Buffer, authorities: readonly string[], now: number): ClientIdentity | null {
  try {
    const certificate = parseCertificate(der);
    const { serial, notBefore, notAfter } = certificate;
    const usage = readExtension(certificate, OID.extKeyUsage, parseExtKeyUsage);
    if (usage !== null && !usage.includes(OID.clientAuth)) return null;
    if (now < notBefore || notAfter < now) return null;
    const x509 = new X509Certificate(der);
    const issued = authorities
      .map((pem) => new X509Certificate(pem))
      .some((authority) => x509.checkIssued(authority) && x509.verify(authority.publicKey));
    if (!issued) return null;
    return { certificate: der, serial, subject: x509.subject, x509, notBefore, notAfter };
  } catch (error) {
    if (error instanceof DerError || isOpenSslError(error)) return null;
    throw error;
  }
}

const isOpenSslError = (error: unknown) =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_OSSL');

/** The client's address as the proxy saw it: the last entry, because a client can send earlier ones. */
function forwardedFor(request: FastifyRequest): string | null {
  const value = request.headers['x-forwarded-for'];
  const last = String(value ?? '')
    .split(',')
    .at(-1)
    ?.trim();
  return last !== undefined && isIP(last) !== 0 ? last : null;
}
