import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { TaskError } from '../../channel/errors.js';
import type { CertificateRecord } from '../../store/contract/ca.js';
import { StoreUnavailable } from '../../store/contract/errors.js';
import type { CaReader } from '../../store/contract/readers.js';
import { parseCertificate } from '../../x509/certificate.js';
import { DerError } from '../../x509/der-error.js';
import {
  CERT_ID_HASHES,
  type CertId,
  type CertIdHash,
  type OcspRequest,
  parseOcspRequest,
} from '../../x509/ocsp-request.js';
import {
  type CertStatus,
  encodeOcspResponse,
  encodeResponseData,
  type OcspFailure,
  ocspFailure,
} from '../../x509/ocsp-response.js';
import { publicKeyBits } from '../../x509/spki.js';
import { BACKDATE } from '../issue/factory.js';
import { OcspCache, type SignedResponse } from './cache.js';
import type { OcspSigner } from './certificate.js';
import { NotAuthoritative } from './not-authoritative.js';

export interface OcspResponderOptions {
  store: Pick<CaReader, 'findBySerial'>;
  /** The set as last read. */
  issuers: () => readonly AnsweringIssuer[];
  /** Reads the set again, because another process may just have made an issuer. */
  lookAgain: () => Promise<unknown>;
  /** The current signer for certificates of this issuer. */
  signer: (id: string) => Promise<OcspSigner>;
  /** From the moment a response is signed to its nextUpdate, in ms. */
  validity: number;
  clock: () => number;
  log: Logger;
  /** Called with the serial of each question about a certificate of this CA that the store does not have. */
  onUnknown?: (serial: string) => void;
}

/** An issuer for whose certificates the responder answers. */
interface AnsweringIssuer {
  id: string;
  /** The value of `issuer` in the records of its certificates. */
  tag: string;
  /** DER. */
  der: Uint8Array;
}

/** The answer to the client. `fresh`: it may be reused until nextUpdate. */
interface OcspAnswer {
  response: Buffer;
  fresh: { thisUpdate: number; nextUpdate: number } | null;
}

/** Limit of certificates in one request. Clients ask about a chain at most. */
const MAX_CERTIFICATES = 20;
/** A response is 1 kB: 20 MB at the most. */
const KEPT = 20_000;
/** A cache of its own, so that questions about unknown certificates do not evict other responses. */
const KEPT_UNKNOWN = 1_000;

/** One question and its answer from the store. */
interface Found {
  certId: CertId;
  status: CertStatus;
  /** Id of the issuer; null for an issuer of another CA. */
  issuer: string | null;
}

/**
 * Answers OCSP requests (RFC 6960) for the certificates of every issuer of the set. The store is read for
 * every request, so an answer never contradicts a confirmed revocation. Only signatures are cached, for
 * requests without a nonce (RFC 5019 §2).
 */
export class OcspResponder {
  readonly #kept = new OcspCache(KEPT);
  readonly #unknown = new OcspCache(KEPT_UNKNOWN);
  /** By the hashes of the issuer in a CertID. */
  #byHashes = new Map<string, AnsweringIssuer>();
  #known: readonly AnsweringIssuer[] = [];

  constructor(private readonly options: OcspResponderOptions) {}

  /** DER in, DER out; every failure is a response too (§2.3). */
  async respond(der: Uint8Array): Promise<OcspAnswer> {
    try {
      const request = parseOcspRequest(der);
      if (request.certIds.length > MAX_CERTIFICATES) return failed('unauthorized');
      return await this.#answer(request);
    } catch (error) {
      if (error instanceof DerError) return failed('malformedRequest');
      if (error instanceof NotAuthoritative) return failed('unauthorized');
      // Its key is unavailable at the moment, as when a token was removed.
      const passes = error instanceof TaskError && error.kind === 'retry';
      if (error instanceof StoreUnavailable || passes) return failed('tryLater');
      this.options.log.error({ err: error }, 'an OCSP request could not be answered');
      return failed('internalError');
    }
  }

  async #answer({ certIds, nonce }: OcspRequest): Promise<OcspAnswer> {
    // Read before the store: the answer is correct for this time.
    const now = this.options.clock();
    const found = await Promise.all(certIds.map((certId) => this.#find(certId)));
    if (new Set(found.flatMap(({ issuer }) => issuer ?? [])).size > 1) throw new NotAuthoritative();
    const [only] = found;
    const signing = this.#signerOf(found);
    if (nonce !== null || only === undefined || found.length > 1) {
      for (const each of found) this.#cacheOf(each).told(...subject(each));
      const { response } = await this.#sign(signing, found, nonce, now);
      return { response, fresh: null };
    }
    const sign = () => this.#sign(signing, found, null, now);
    const certId = only.certId.der.toString('hex');
    const { response, thisUpdate, nextUpdate } = await this.#cacheOf(only).get(
      ...subject(only),
      certId,
      now,
      sign,
    );
    return { response, fresh: { thisUpdate, nextUpdate } };
  }

  /** Id of the issuer in question; of the newest issuer when the question is about another CA. */
  #signerOf(found: readonly Found[]): string {
    return found.find(({ issuer }) => issuer !== null)?.issuer ?? this.options.issuers().at(-1)?.id ?? '';
  }

  /** §2.2: a certificate of another CA, or one that the named issuer has not issued, is unknown. */
  async #find(certId: CertId): Promise<Found> {
    const issuer = await this.#issuerOf(certId);
    const record = issuer && (await this.options.store.findBySerial(certId.serial));
    if (issuer !== null && record === null) this.options.onUnknown?.(certId.serial);
    const status = statusOf(record !== null && record.issuer === issuer?.tag ? record : null);
    return { certId, status, issuer: issuer?.id ?? null };
  }

  async #issuerOf({ hash, issuerNameHash, issuerKeyHash }: CertId): Promise<AnsweringIssuer | null> {
    // With an unsupported hash the issuer cannot be identified.
    if (hash === null) return null;
    const key = hashesKey(hash, issuerNameHash, issuerKeyHash);
    const known = this.#knownBy(key);
    if (known !== null) return known;
    await this.options.lookAgain();
    return this.#knownBy(key);
  }

  #knownBy(hashes: string): AnsweringIssuer | null {
    const issuers = this.options.issuers();
    if (issuers !== this.#known) this.#learn(issuers);
    return this.#byHashes.get(hashes) ?? null;
  }

  #learn(issuers: readonly AnsweringIssuer[]): void {
    this.#byHashes = new Map(
      issuers.flatMap((issuer) => {
        const { subjectDer, spki } = parseCertificate(issuer.der);
        const bits = publicKeyBits(spki);
        return CERT_ID_HASHES.map((hash): [string, AnsweringIssuer] => {
          const digest = (bytes: Buffer) => createHash(hash).update(bytes).digest();
          return [hashesKey(hash, digest(subjectDer), digest(bits)), issuer];
        });
      }),
    );
    this.#known = issuers;
  }

  #cacheOf({ status }: Found): OcspCache {
    return status.status === 'unknown' ? this.#unknown : this.#kept;
  }

  async #sign(
    issuer: string,
    found: readonly Found[],
    nonce: Buffer | null,
    now: number,
  ): Promise<SignedResponse> {
    const { signer, validity, log } = this.options;
    const { certificate, notAfter, keyHash, algorithm, sign } = await signer(issuer);
    const producedAt = Math.floor(now / 1000) * 1000;
    // Backdated because clocks of clients lag.
    const thisUpdate = producedAt - Math.min(BACKDATE, Math.floor(validity / 2000) * 1000);
    // Clients cannot verify a response after its signer has expired.
    const nextUpdate = Math.min(producedAt + validity, notAfter);
    const data = encodeResponseData({
      responderKeyHash: keyHash,
      producedAt,
      responses: found.map(({ certId, status }) => ({
        certId: certId.der,
        status: notAhead(status, producedAt),
        thisUpdate,
        nextUpdate,
      })),
      nonce,
    });
    const response = encodeOcspResponse(data, algorithm, await sign(data), certificate);
    log.debug(
      { serials: found.map(({ certId }) => certId.serial), nonce: nonce !== null },
      'OCSP response signed',
    );
    return { response, signedAt: producedAt, thisUpdate, nextUpdate };
  }
}

/** An expired certificate stays good or revoked: the client sees from the certificate that it expired. */
function statusOf(record: CertificateRecord | null): CertStatus {
  if (record === null) return { status: 'unknown' };
  const { revokedAt, reason } = record;
  return revokedAt === null ? { status: 'good' } : { status: 'revoked', revokedAt, reason };
}

/** Limits a revocation time in the future, which a clock that was ahead may have set: some verifiers accept the certificate until then. */
function notAhead(status: CertStatus, now: number): CertStatus {
  if (status.status !== 'revoked' || status.revokedAt <= now) return status;
  return { ...status, revokedAt: now };
}

/** The certificate's key in the cache, and its state. */
function subject({ certId, status }: Found): [certificate: string, state: string] {
  if (status.status === 'unknown') return [certId.der.toString('hex'), status.status];
  return [certId.serial, JSON.stringify(status)];
}

const hashesKey = (hash: CertIdHash, name: Buffer, key: Buffer): string =>
  `${hash} ${name.toString('hex')} ${key.toString('hex')}`;

function failed(failure: OcspFailure): OcspAnswer {
  return { response: ocspFailure(failure), fresh: null };
}
