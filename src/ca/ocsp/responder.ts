import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
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
import { OcspCache, type SignedResponse } from './cache.js';
import type { OcspSigner } from './certificate.js';

export interface OcspResponderOptions {
  store: Pick<CaReader, 'findBySerial'>;
  /** DER of the issuing certificate. */
  issuer: Uint8Array;
  /** Who signs now. */
  signer: () => Promise<OcspSigner>;
  /** From thisUpdate to nextUpdate, in ms. */
  validity: number;
  clock: () => number;
  log: Logger;
}

/** What goes back to the client. `fresh`: the same may be given to others until nextUpdate. */
export interface OcspAnswer {
  response: Buffer;
  fresh: { thisUpdate: number; nextUpdate: number } | null;
}

/** Certificates one request may ask about; no client in use asks about more than a chain. */
const MAX_CERTIFICATES = 20;
/** A response is 1 kB: 20 MB at the most. */
const KEPT = 20_000;
/** Apart from the others, so that questions about nothing of ours cannot push them out. */
const KEPT_UNKNOWN = 1_000;

/** One question, with what the store says about it. */
interface Found {
  certId: CertId;
  status: CertStatus;
}

/**
 * Answers OCSP requests (RFC 6960) for the certificates of one issuer. The store is asked every time, so an answer
 * never contradicts a revocation that was answered before; only the signature is kept and given again, to requests
 * without a nonce (RFC 5019 §2).
 */
export class OcspResponder {
  readonly #kept = new OcspCache(KEPT);
  readonly #unknown = new OcspCache(KEPT_UNKNOWN);
  readonly #issuerHashes: ReadonlyMap<CertIdHash, { name: Buffer; key: Buffer }>;

  constructor(private readonly options: OcspResponderOptions) {
    const { subjectDer, spki } = parseCertificate(options.issuer);
    const bits = publicKeyBits(spki);
    this.#issuerHashes = new Map(
      CERT_ID_HASHES.map((hash) => {
        const digest = (bytes: Buffer) => createHash(hash).update(bytes).digest();
        return [hash, { name: digest(subjectDer), key: digest(bits) }];
      }),
    );
  }

  /** DER in, DER out; every failure is a response too (§2.3). */
  async respond(der: Uint8Array): Promise<OcspAnswer> {
    try {
      const request = parseOcspRequest(der);
      if (request.certIds.length > MAX_CERTIFICATES) return failed('unauthorized');
      return await this.#answer(request);
    } catch (error) {
      if (error instanceof DerError) return failed('malformedRequest');
      if (error instanceof StoreUnavailable) return failed('tryLater');
      this.options.log.error({ err: error }, 'an OCSP request could not be answered');
      return failed('internalError');
    }
  }

  async #answer({ certIds, nonce }: OcspRequest): Promise<OcspAnswer> {
    // Before the store is asked: at this time its answer is true.
    const now = this.options.clock();
    const found = await Promise.all(certIds.map((certId) => this.#find(certId)));
    const [only] = found;
    if (nonce !== null || only === undefined || found.length > 1) {
      for (const each of found) this.#cacheOf(each).told(...subject(each));
      const { response } = await this.#sign(found, nonce, now);
      return { response, fresh: null };
    }
    const sign = () => this.#sign(found, null, now);
    const certId = only.certId.der.toString('hex');
    const { response, ...fresh } = await this.#cacheOf(only).get(...subject(only), certId, now, sign);
    return { response, fresh };
  }

  /** §2.2: what is not of this issuer, or never was issued, is unknown. */
  async #find(certId: CertId): Promise<Found> {
    const record = this.#isOurs(certId) ? await this.options.store.findBySerial(certId.serial) : null;
    return { certId, status: statusOf(record) };
  }

  #isOurs({ hash, issuerNameHash, issuerKeyHash }: CertId): boolean {
    // A hash we do not compute may mean any issuer; claiming to know it would be a guess.
    const ours = hash === null ? undefined : this.#issuerHashes.get(hash);
    if (ours === undefined) return false;
    return ours.name.equals(issuerNameHash) && ours.key.equals(issuerKeyHash);
  }

  #cacheOf({ status }: Found): OcspCache {
    return status.status === 'unknown' ? this.#unknown : this.#kept;
  }

  async #sign(found: readonly Found[], nonce: Buffer | null, now: number): Promise<SignedResponse> {
    const { signer, validity, log } = this.options;
    const { certificate, notAfter, keyHash, algorithm, sign } = await signer();
    const thisUpdate = Math.floor(now / 1000) * 1000;
    // Nobody could verify it after its signer's end.
    const nextUpdate = Math.min(thisUpdate + validity, notAfter);
    const data = encodeResponseData({
      responderKeyHash: keyHash,
      producedAt: thisUpdate,
      responses: found.map(({ certId, status }) => ({ certId: certId.der, status, thisUpdate, nextUpdate })),
      nonce,
    });
    const response = encodeOcspResponse(data, algorithm, await sign(data), certificate);
    log.debug(
      { serials: found.map(({ certId }) => certId.serial), nonce: nonce !== null },
      'OCSP response signed',
    );
    return { response, thisUpdate, nextUpdate };
  }
}

/** An expired certificate is good or revoked as before: that it expired, its reader can see. */
function statusOf(record: CertificateRecord | null): CertStatus {
  if (record === null) return { status: 'unknown' };
  const { revokedAt, reason } = record;
  return revokedAt === null ? { status: 'good' } : { status: 'revoked', revokedAt, reason };
}

/** The cache's key of a certificate, and its state in a word. */
function subject({ certId, status }: Found): [certificate: string, state: string] {
  if (status.status === 'unknown') return [certId.der.toString('hex'), status.status];
  return [certId.serial, JSON.stringify(status)];
}

function failed(failure: OcspFailure): OcspAnswer {
  return { response: ocspFailure(failure), fresh: null };
}
