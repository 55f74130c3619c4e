import { createHash, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { ErrorCode, TaskError } from '../../channel/errors.js';
import { isMissing, writeDurably } from '../../lib/files.js';
import { monotonic } from '../../lib/monotonic.js';
import { SingleFlight } from '../../lib/single-flight.js';
import { isSignedBy, type ParsedCertificate, parseCertificate } from '../../x509/certificate.js';
import { DerError } from '../../x509/der-error.js';
import { attributeOf, type DistinguishedName } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { firstFromPem, toPem } from '../../x509/pem.js';
import { parsePublicKey, publicKeyBits } from '../../x509/spki.js';
import type { Member } from '../authorities/member.js';
import { KeyFileError, type KeySpec, keyToPem } from '../folder/keys.js';
import { makeSigningKey, openSigningKey, type SigningKey } from '../folder/signing-key.js';
import type { Certifier } from '../issue/certifier.js';
import { type Profile, profileSchema } from '../issue/profiles.js';
import { NotAuthoritative } from './not-authoritative.js';

/** An OCSP responder: a key that the issuing CA delegated to (RFC 6960 §4.2.2.2). */
export interface OcspSigner {
  /** DER. */
  certificate: Buffer;
  notBefore: number;
  notAfter: number;
  /** SHA-1 of the public key bits: the responder's name in its responses. */
  keyHash: Buffer;
  /** DER AlgorithmIdentifier of its signatures. */
  algorithm: Buffer;
  /** Signs off the event loop. */
  sign(data: Uint8Array): Promise<Buffer>;
}

interface OcspCertificateOptions {
  certifier: Certifier;
  /** The issuer whose certificates it answers for. */
  issuer: Member;
  /** PEM file of both the key and its certificate: in one file, a crash cannot separate them. */
  path: string;
  /** Encrypts the key at rest. */
  passphrase: string | null;
  /** URI of the key in a token; null: the key is made and stored in the file. */
  place: string | null;
  log: Logger;
}

/** Always P-256, whatever the CA's key: it is cheap to sign with, and all clients verify it. */
const KEY: KeySpec = { type: 'ec', curve: 'P-256' };
const signLater = promisify(sign);

/**
 * Clients do not check the revocation of responder certificates (id-pkix-ocsp-nocheck), so these are
 * short-lived (RFC 6960 §4.2.2.2.1): a leaked key is useful for a month at most.
 */
const DAYS = 30;
/** The certificate is replaced when this fraction of its validity is left: failures can be noticed for ten days. */
const RENEW_LEFT = 1 / 3;
/** Pause between attempts in ms, while the old certificate stays in use. */
const RETRY_AFTER = 60_000;

/** Holds the certificate and key that sign OCSP responses, and renews them in time. */
export class OcspCertificate {
  #current: OcspSigner | null = null;
  readonly #renewing = new SingleFlight(() => this.#make());
  #retryAt = 0;
  readonly #issuer: ParsedCertificate;

  constructor(private readonly options: OcspCertificateOptions) {
    this.#issuer = options.issuer.certificate;
  }

  /** Loads the stored certificate, if it is usable. */
  async start(): Promise<void> {
    this.#current = await this.#load();
  }

  /**
   * The current responder. Near its expiry the next is made in the background. The caller waits only when it
   * has expired, or is not valid yet because it was made while the clock was ahead.
   * @throws NotAuthoritative, TaskError; any other error when there is no responder and none can be made
   */
  async signer(): Promise<OcspSigner> {
    const now = this.options.certifier.clock();
    const current = this.#current;
    if (current === null || current.notAfter <= now || current.notBefore > now) return this.#renewing.join();
    if (this.#isDue(current, now)) {
      this.#renewing.join().catch((error) => {
        this.#retryAt = monotonic() + RETRY_AFTER;
        this.options.log.error(
          { err: error },
          'the OCSP certificate could not be replaced; the old one serves',
        );
      });
    }
    return current;
  }

  #isDue({ notBefore, notAfter }: OcspSigner, now: number): boolean {
    if (notAfter - now > (notAfter - notBefore) * RENEW_LEFT || monotonic() < this.#retryAt) return false;
    // One that expires with the issuer cannot be extended.
    return notAfter < this.#issuer.notAfter;
  }

  async #make(): Promise<OcspSigner> {
    const { certifier, issuer, path, passphrase, log } = this.options;
    if (issuer.isElsewhere) throw new NotAuthoritative(`the key of ${issuer.id} is not at this CA`);
    const now = certifier.clock();
    if (now >= this.#issuer.notAfter) throw new NotAuthoritative(`the issuer ${issuer.id} has ended`);
    if (now < this.#issuer.notBefore) {
      throw new TaskError(ErrorCode.certificate, `The issuer ${issuer.id} is not valid yet`, 'retry');
    }
    const key = await makeSigningKey(KEY, this.options.place, 'upki ocsp');
    const { profile, commonName } = ocspProfile(this.#issuer.subject);
    const { certificate } = await certifier.issue({
      profile,
      publicKey: parsePublicKey(key.spki),
      names: { commonName, names: [] },
      responderOf: issuer,
    });
    const { der, serial, notAfter } = certificate;
    const kept = key.inFile === null ? `${key.uri}\n` : await keyToPem(key.inFile, passphrase);
    await writeDurably(path, kept + toPem('CERTIFICATE', der), 0o600);
    log.info(
      { issuer: issuer.id, serial, notAfter: new Date(notAfter).toISOString() },
      'new OCSP certificate',
    );
    this.#current = ocspSigner(key, parseCertificate(der));
    return this.#current;
  }

  /** The stored responder; null when it is not usable and must be replaced. */
  async #load(): Promise<OcspSigner | null> {
    const { path, passphrase, log } = this.options;
    try {
      const pem = await readFile(path, 'utf8');
      const certificate = parseCertificate(firstFromPem('CERTIFICATE', pem));
      const key = await openSigningKey(pem, passphrase, path, certificate.spki);
      const ours =
        isSignedBy(certificate, this.options.issuer.publicKey) && certificate.spki.equals(key.spki);
      return ours ? ocspSigner(key, certificate) : null;
    } catch (error) {
      if (isMissing(error)) return null;
      if (!(error instanceof KeyFileError || error instanceof DerError)) throw error;
      log.warn({ err: error }, 'the OCSP certificate cannot be read and is replaced');
      return null;
    }
  }
}

/**
 * Profile and name of a responder's certificate. `OCSPSigning` is its only purpose. It is named after its
 * issuer, within RFC 5280 ub-common-name.
 */
export function ocspProfile(issuer: DistinguishedName): { profile: Profile; commonName: string } {
  const O = shortened(attributeOf(issuer, OID.organizationName) ?? '', 64);
  const profile = profileSchema.parse({
    description: 'OCSP responder of this CA',
    duration: DAYS,
    altnames: false,
    subject: O === '' ? {} : { O },
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['OCSPSigning'],
    certType: 'ocsp',
  });
  const title = 'OCSP responder';
  const name = shortened(attributeOf(issuer, OID.commonName) ?? '', 63 - title.length);
  return { profile: { name: 'ocsp', ...profile }, commonName: `${name} ${title}`.trim() };
}

const shortened = (text: string, most: number): string => [...text].slice(0, most).join('');

/** A responder with this key and certificate. A key in memory signs off the event loop. */
export function ocspSigner(
  { signer, inFile }: SigningKey,
  { der, spki, notBefore, notAfter }: ParsedCertificate,
): OcspSigner {
  return {
    certificate: der,
    notBefore,
    notAfter,
    keyHash: createHash('sha1').update(publicKeyBits(spki)).digest(),
    algorithm: signer.algorithm,
    // RFC 5758 §3.2, of KEY
    sign: async (data) => (inFile === null ? signer.sign(data) : signLater('sha256', data, inFile)),
  };
}
