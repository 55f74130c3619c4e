import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import { BoundedMap } from '../lib/bounded-map.js';
import { parseCertificate, subjectAltNames } from '../x509/certificate.js';
import { unlessMalformed } from '../x509/der-error.js';
import { attributeOf } from '../x509/name.js';
import { OID } from '../x509/oids.js';

/** Limit of intermediate certificates between the device's and a trusted one. */
const LONGEST = 4;

/** Most devices whose issuers are remembered; a session can be resumed for minutes. */
const MOST_DEVICES = 1_000;

/**
 * The devices of manufacturers that the operator trusts (RFC 7030 §3.3.2). The listener itself trusts no such certificate, so it is
 * valid for nothing else.
 */
export class Devices {
  /** The certificate above a device's own, by the fingerprint of its own. */
  readonly #issuers = new BoundedMap<string, X509Certificate>(MOST_DEVICES);

  constructor(
    private readonly trusted: readonly X509Certificate[],
    private readonly clock: () => number,
  ) {}

  /** Remembers what a trusted device sends above its certificate in a handshake: a resumed session has only the device's own. */
  connected(socket: TLSSocket): void {
    const leaf = this.#leafOf(socket);
    if (leaf?.issuerCertificate && this.#isTrusted(leaf, leaf.issuerCertificate))
      this.#issuers.set(leaf.fingerprint256, leaf.issuerCertificate);
  }

  /**
   * The names of a device in its manufacturer's certificate: common name, serial number, DNS names. Null unless the peer proved
   * possession of the key in the handshake and the certificate chains to a trusted one.
   */
  namesOf({ raw: { socket } }: FastifyRequest): string[] | null {
    const leaf = socket instanceof TLSSocket ? this.#leafOf(socket) : undefined;
    if (!leaf) return null;
    if (!this.#isTrusted(leaf, leaf.issuerCertificate ?? this.#issuers.get(leaf.fingerprint256))) return null;
    return unlessMalformed(() => {
      const parsed = parseCertificate(leaf.raw);
      const dns = subjectAltNames(parsed).flatMap((name) => (name.type === 'dns' ? [name.value] : []));
      const names = [parsed.commonName, attributeOf(parsed.subject, OID.serialNumber), ...dns];
      return names.flatMap((name) => (name ? [name.toLowerCase()] : []));
    });
  }

  #leafOf(socket: TLSSocket): X509Certificate | undefined {
    return this.trusted.length === 0 || socket.authorized ? undefined : socket.getPeerX509Certificate();
  }

  /** Verifies the chain: signatures, validity and CA flags. Does not check revocation, which only the manufacturer could tell. */
  #isTrusted(leaf: X509Certificate, above: X509Certificate | undefined): boolean {
    const now = this.clock();
    let current: X509Certificate | undefined = leaf;
    for (let length = 0; current && length <= LONGEST; length += 1) {
      const certificate: X509Certificate = current;
      if (!isInTime(certificate, now) || (length > 0 && !certificate.ca)) return false;
      for (const anchor of this.trusted) {
        if (isInTime(anchor, now) && signed(anchor, certificate)) return true;
      }
      const issuer: X509Certificate | undefined = length === 0 ? above : certificate.issuerCertificate;
      current =
        issuer && !issuer.raw.equals(certificate.raw) && signed(issuer, certificate) ? issuer : undefined;
    }
    return false;
  }
}

/**
 * The issuer must be a CA (RFC 5280 §4.2.1.9); `checkIssued` compares names, key identifiers and key usage. False also for a key that
 * OpenSSL cannot read.
 */
function signed(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

/** Manufacturers write 9999-12-31 for "no expiry" (IEEE 802.1AR §8.5); it needs no special case. */
function isInTime({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}

/** Whether one of the device's names is the node's common name, or its first label. */
export function isDevice(names: readonly string[], cn: string): boolean {
  const node = cn.toLowerCase();
  return names.some((name) => name === node || (!name.includes('.') && node.startsWith(`${name}.`)));
}
