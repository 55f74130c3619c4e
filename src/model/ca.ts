import type { SubjectName } from '../x509/certificate-names.js';
import type { KeyType } from '../x509/spki.js';
import type { AdminRole } from './administrators.js';
import type { CaFigures, LateCertificate } from './ca-figures.js';
import type {
  CertificateDetails,
  CertificatePage,
  CertificateSearch,
  FoundCertificate,
  ListedCertificate,
} from './ca-register.js';
import type { OcspAnswer, StatusAnswer } from './ca-status.js';
import type { ChallengeType, Identifier } from './facts.js';

/**
 * The RA's interface of the CA: our own CA behind the channel, a Python CA, or a stand-in in tests. Callers select the methods they use
 * with `Pick`. Serials are lower-case hex, times milliseconds since the epoch.
 * @throws from every method: CaUnavailable when the outcome is unknown; CaRefused when a repetition would be refused too; CaLacksTask
 * when this CA does not have the task
 */
export interface CertificateAuthority {
  /** Resolves when the CA answers, within the channel's time limit. */
  ping(): Promise<void>;
  /** Like `ping`, and returns the state of the CA. */
  health(): Promise<CaHealth>;

  /** Refuses a request that the CA would refuse, before the order is used up. Absent in a CA that issues all that the RA accepts. */
  check?(request: Pick<IssueRequest, 'csr' | 'identifiers'>): Promise<void>;
  /** Issues for an order. A repetition for the same order returns the same certificate, or revokes the first one. */
  issue(request: IssueRequest): Promise<IssuedCertificate>;
  /** Whether the CA has issued for this order. Absent in a CA that cannot say. */
  hasIssued?(orderId: string): Promise<boolean>;
  /** Issues a node's certificate with the registered names and the key of the CSR. Idempotent by the request's id. */
  enroll(request: EnrolmentRequest): Promise<IssuedCertificate>;
  /**
   * Issues a certificate for the key of a CSR (DER), with the names and profile of the certificate with this serial, which stays good.
   * A repetition within a short time returns the same certificate.
   */
  reissue(serial: string, csr: Uint8Array): Promise<IssuedCertificate>;
  /** Revokes by serial. Idempotent; `already`: it was revoked before. */
  revoke(serial: string, reason: number | null): Promise<{ already: boolean }>;
  /**
   * Revokes a certificate (DER) of which the RA may have no record. Absent in a CA without this task.
   * @throws CaRefused `notFound` when another CA signed it
   */
  revokeShown?(certificate: Uint8Array, reason: number | null): Promise<{ already: boolean }>;
  /** Takes a certificate off certificateHold. @throws CaRefused when it is not on hold */
  endHold(serial: string): Promise<void>;

  /** The profiles that an ACME client may request, cached for seconds, or read `now`. */
  profiles(when?: 'now'): Promise<AcmeProfile[]>;
  /** The names of all profiles. */
  profileNames(): Promise<string[]>;
  /** The fields of a profile, in the format of the channel; null when there is no profile with this name. */
  profile(name: string): Promise<Record<string, unknown> | null>;
  /** PEM of the root, and of the issuing chain: issuer first, without the root. Cached. */
  caCertificates(): Promise<{ root: string; chain: string }>;
  /** The roots, issuers and cross-certificates, cached for seconds, or read `now`. Absent in a CA that never has more than one issuer. */
  authorities?(when?: 'now'): Promise<KnownAuthority[]>;
  /** DER of the current CRL of the root or issuer with this id; by default of the issuer in use. */
  crl(issuer?: string): Promise<Uint8Array>;
  /** Signs a new CRL and returns its DER. */
  generateCrl(): Promise<Uint8Array>;

  /** The certificate with this serial; null when the CA did not issue it. */
  bySerial(serial: string): Promise<CertificateDetails | null>;
  /** The certificates with these serials, at most 500, that this CA issued. */
  bySerials(serials: readonly string[]): Promise<FoundCertificate[]>;
  /** Certificates of a common name, newest first, at most `limit`. */
  byCommonName(cn: string, limit: number): Promise<CertificateDetails[]>;
  /** A page may hold fewer than `limit`, even none, while `next` is not null. */
  list(page: CertificatePage): Promise<{ certificates: ListedCertificate[]; next: string | null }>;
  search(search: CertificateSearch): Promise<{ certificates: FoundCertificate[]; next: string | null }>;
  /**
   * A page, ordered by serial, of certificates past their renewal window without a successor; `next` is null
   * on the last page.
   */
  notRenewed(after: string | null, limit: number): Promise<{ items: LateCertificate[]; next: string | null }>;
  /** The current status of a certificate, by the certificate (DER) or by its serial. */
  status(asked: { certificate: Uint8Array } | { serial: string }): Promise<StatusAnswer>;
  /** RFC 6960: the response to the DER of an OCSPRequest. */
  ocsp(request: Uint8Array): Promise<OcspAnswer>;

  /** The administrators in the order of addition, their names in any notation; `addedAt` null: unknown. */
  administrators(): Promise<{ dn: string; role: AdminRole; addedAt: number | null }[]>;
  /** Adds an administrator; does nothing if the name is on the list, in any notation. `by` is the administrator who requests it. */
  addAdministrator(dn: string, role: AdminRole, by: string): Promise<void>;
  /** Removes every entry with the same name, and revokes its certificates. */
  removeAdministrator(dn: string, by: string): Promise<void>;
  /** The role of the administrator that a certificate belongs to, else null. Does not check the certificate's state. */
  roleOf(certificate: CertificateDetails): Promise<AdminRole | null>;

  figures(): Promise<CaFigures>;
}

export interface CaHealth {
  /** The CA's clock when it answered. */
  time: number;
  /** The faults that keep the CA from working, as sentences for operators. */
  troubles: string[];
}

/** The part of the CA that ACME orders and revocations use. */
export type IssuingCa = Pick<
  CertificateAuthority,
  'check' | 'issue' | 'hasIssued' | 'revoke' | 'revokeShown' | 'profiles' | 'caCertificates' | 'authorities'
>;

/** A CA certificate. Times are milliseconds since the epoch. */
export interface KnownAuthority {
  /** Part of the URLs of its CRL and certificate. */
  id: string;
  /** `cross`: the key of the root `of`, certified by the root `root`. */
  kind: 'root' | 'issuer' | 'cross';
  state: 'active' | 'next' | 'retiring' | 'retired' | 'ended';
  /** PEM of this certificate. */
  certificate: string;
  /** PEM of the certificates between it and its root. */
  chain: string;
  /** Id of its root. */
  root: string;
  of: string | null;
  /** Certificates it issued may point to /ca.crl and /issuer.cer. */
  first: boolean;
  /** Subject key identifier, hex. */
  keyId: string;
  /** Certificates that it signed must be replaced from this time on; null: they need not be. */
  renewFrom: number | null;
  /** The warning about it for the operator, as one sentence. */
  warning: string | null;
}

export interface IssueRequest {
  orderId: string;
  accountId: string;
  profile: string;
  identifiers: Identifier[];
  /** DER. The RA has checked that its names are exactly `identifiers`; the CA checks again. */
  csr: Uint8Array;
  notBefore: number | null;
  notAfter: number | null;
  /** When the order was created. Set if an earlier request for it may have succeeded without an answer. */
  mayHaveIssuedSince?: number;
}

export interface EnrolmentRequest {
  requestId: string;
  cn: string;
  names: readonly SubjectName[];
  profile: string;
  /** DER. */
  csr: Uint8Array;
}

export interface IssuedCertificate {
  /** PEM, leaf first, without the root. */
  chain: string;
  /** Lower-case hex. */
  serial: string;
}

export interface AcmeProfile {
  name: string;
  /** One line for the directory's `meta.profiles`. */
  description: string;
  /** Longest validity in milliseconds; also the default. */
  maxValidity: number;
  /** Accepted key types; absent: all. */
  keyTypes?: readonly KeyType[];
  /** Challenges that may prove its names; absent: all that are offered. */
  challenges?: readonly ChallengeType[];
  /** The CA ignores requested dates: every certificate is valid from now on, for `maxValidity`. */
  fixedValidity?: boolean;
}

/** The CA did not answer in time, or there is no connection. The outcome is unknown; the request can be repeated. */
export class CaUnavailable extends Error {
  override readonly name = 'CaUnavailable';
}

/** The CA refused, and would refuse a repetition too. `kind` decides the answer to the client. */
export class CaRefused extends Error {
  override readonly name = 'CaRefused';
  constructor(
    message: string,
    readonly kind:
      | 'badCSR'
      | 'rejectedIdentifier'
      | 'alreadyRevoked'
      | 'notFound'
      | 'forbidden'
      | 'other' = 'other',
  ) {
    super(message);
  }
}

/**
 * This CA does not support the request: it lacks the task (a Python CA, or one older than this RA), or its task does not support the
 * parameters. HTTP returns 501 with the message, which names the task.
 */
export class CaLacksTask extends Error {
  override readonly name = 'CaLacksTask';
  constructor(
    readonly task: string,
    why = 'it does not know the task',
  ) {
    super(`the certificate authority of this RA cannot do "${task}": ${why}`);
  }
}
