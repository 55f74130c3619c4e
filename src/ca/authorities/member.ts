import type { KeyObject } from 'node:crypto';
import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { AuthorityRecord } from '../../store/contract/ca.js';
import type { Signer } from '../../x509/algorithms.js';
import {
  authorityId,
  issuerKeyId,
  type ParsedCertificate,
  parseCertificate,
  publicKeyOf,
} from '../../x509/certificate.js';
import { toPem } from '../../x509/pem.js';
import type { SigningKey } from '../folder/signing-key.js';
import { CertificateFactory } from '../issue/factory.js';

/** A root or an issuer of the set; it can sign when its key is here. */
export class Member {
  readonly id: string;
  readonly tag: string;
  readonly der: Buffer;
  readonly pem: string;
  readonly certificate: ParsedCertificate;
  readonly publicKey: KeyObject;
  /** Subject key identifier, hex. */
  readonly keyId: string;
  readonly signer: Signer | null;
  readonly #factory: CertificateFactory | null;

  /** @param key null: the key is not at this CA, or could not be opened (`trouble` is then the reason) */
  constructor(
    readonly record: AuthorityRecord,
    readonly key: SigningKey | null,
    publicUrl: string | null,
    private readonly trouble: string | null = null,
  ) {
    this.der = Buffer.from(record.certificate);
    this.pem = toPem('CERTIFICATE', this.der);
    this.id = record.id;
    this.tag = record.tag;
    this.certificate = parseCertificate(this.der);
    this.publicKey = publicKeyOf(this.certificate);
    this.keyId = issuerKeyId(this.certificate);
    this.signer = key?.signer ?? null;
    this.#factory =
      this.signer && new CertificateFactory({ certificate: this.der, signer: this.signer, publicUrl });
  }

  /** Issuers, and a root that issues by itself. */
  get issues(): boolean {
    return this.record.kind === 'issuer' || this.tag === '';
  }

  /** True when the key is not at this CA on purpose: it did not fail to open. */
  get isElsewhere(): boolean {
    return this.signer === null && this.trouble === null;
  }

  /** PEM, the issuer first, without the root; empty when the root issues. */
  get chainPem(): string {
    return this.record.kind === 'root' ? '' : this.pem + this.record.chain;
  }

  /** Makes its certificates. @throws TaskError of kind `retry`: another CA may have the key */
  get factory(): CertificateFactory {
    if (this.#factory !== null) return this.#factory;
    throw this.#without();
  }

  /** @throws TaskError */
  get signing(): Signer {
    if (this.signer !== null) return this.signer;
    throw this.#without();
  }

  #without(): TaskError {
    const { keyRef } = this.record;
    const why = this.trouble ?? `its key is not at this CA${keyRef === null ? '' : ` (${keyRef})`}`;
    return new TaskError(ErrorCode.certificate, `${this.id} cannot sign: ${why}`, 'retry');
  }
}

/** The record of a new CA certificate (DER). */
export function newRecord(
  facts: Pick<AuthorityRecord, 'kind' | 'certificate' | 'root' | 'keyRef' | 'addedAt'> &
    Partial<AuthorityRecord>,
): AuthorityRecord {
  const id = authorityId(facts.certificate);
  return {
    id,
    tag: id,
    chain: '',
    of: null,
    sealedKey: null,
    usedFrom: null,
    retiredAt: null,
    renewFrom: null,
    ...facts,
  };
}
