import type { SubjectName } from '../x509/certificate-names.js';
import type { KeyType } from '../x509/spki.js';
import type { AdminRole } from './administrators.js';
import type { CaFigures, LateCertificate } from './ca-figures.js';
import type {
  CertificateDetails,
  CertificatePage,
  CertificateSearch,
  FoundCertificate,
} from './ca-register.js';
import type { OcspAnswer, StatusAnswer } from './ca-status.js';
import type { ChallengeType, Identifier } from './facts.js';

/**
 * The CA as the RA sees it, whatever carries the requests: our own CA behind the channel, a Python CA, or a stand-in in tests. Callers
 * take the part they use, by `Pick`. Serials are lower-case hex, times milliseconds since the epoch.
 * @throws CaUnavailable, from every method, when it is not known whether the CA did it; CaRefused when it never will; CaLacksTask when
 * this CA has no such task
 */
export interface CertificateAuthority {
  /** Resolves when the CA answers, within the channel's time limit. */
  ping(): Promise<void>;
  /** Like `ping`, and returns the state of the CA. */
  health(): Promise<CaHealth>;

  /** Refuses what this CA is known never to issue, before the order is spent on it; left out by a CA that issues all the RA accepts. */
  check?(request: Pick<IssueRequest, 'csr' | 'identifiers'>): Promise<void>;
  /** Issues for an order. Asking twice for the same order gives the same certificate, or revokes the first one. */
  issue(request: IssueRequest): Promise<IssuedCertificate>;
  /**
   * Issues for a node what was registered; nothing of the CSR but its key is used. Asking twice for the same request gives the same
   * certificate.
   */
  enroll(request: EnrolmentRequest): Promise<IssuedCertificate>;
  /**
   * A certificate for the key of a CSR (DER), in the names and profile of the one with this serial, which stays good. Asking again soon
   * gives the same.
   */
  reissue(serial: string, csr: Uint8Array): Promise<IssuedCertificate>;
  /** Revokes by serial. Revoking again is no error: `already` tells. */
  revoke(serial: string, reason: number | null): Promise<{ already: boolean }>;
  /**
   * Revokes a certificate (DER) that is shown and that the RA may have no record of. Left out by a CA that cannot.
   * @throws CaRefused `notFound` when another CA signed it
   */
  revokeShown?(certificate: Uint8Array, reason: number | null): Promise<{ already: boolean }>;
  /** Takes a certificate off certificateHold. @throws CaRefused when it is not on hold */
  endHold(serial: string): Promise<void>;

  /** The profiles an ACME client may ask for. Cached for seconds, unless they are wanted as they are `now`. */
  profiles(when?: 'now'): Promise<AcmeProfile[]>;
  /** The names of all profiles. */
  profileNames(): Promise<string[]>;
  /** The fields of a profile, in the words of the channel's contract; null when there is none of the name. */
  profile(name: string): Promise<Record<string, unknown> | null>;
  /** PEM of the root and of the issuing chain: issuer first, root left out. Cached. */
  caCertificates(): Promise<{ root: string; chain: string }>;
  /**
   * Its roots, issuers and cross-certificates; left out by a CA that has one of each for ever. Cached for seconds, unless they are wanted as
   * they are `now`.
   */
  authorities?(when?: 'now'): Promise<KnownAuthority[]>;
  /** DER of the current CRL: of the issuer in use, or of the root or issuer with this id. */
  crl(issuer?: string): Promise<Uint8Array>;
  /** DER of a CRL signed now. */
  generateCrl(): Promise<Uint8Array>;

  /** Null when the CA did not issue it. */
  bySerial(serial: string): Promise<CertificateDetails | null>;
  /** The certificates with these serials, at most 500, that this CA issued. */
  bySerials(serials: readonly string[]): Promise<FoundCertificate[]>;
  /** Certificates of a common name, newest first, at most `limit`. */
  byCommonName(cn: string, limit: number): Promise<CertificateDetails[]>;
  /** A page may hold fewer than `limit`, even none, while `next` is not null. */
  list(page: CertificatePage): Promise<{ certificates: CertificateDetails[]; next: string | null }>;
  search(search: CertificateSearch): Promise<{ certificates: FoundCertificate[]; next: string | null }>;
  /**
   * A page, ordered by serial, of certificates past their renewal window without a successor; `next` is null
   * on the last page.
   */
  notRenewed(after: string | null, limit: number): Promise<{ items: LateCertificate[]; next: string | null }>;
  /** Whether a certificate is good at this moment, by the certificate (DER) or by its serial. */
  status(asked: { certificate: Uint8Array } | { serial: string }): Promise<StatusAnswer>;
  /** RFC 6960: answers the DER of an OCSPRequest. */
  ocsp(request: Uint8Array): Promise<OcspAnswer>;

  /** The administrators, their names in any notation, in the order they were added; `addedAt` null: not known. */
  administrators(): Promise<{ dn: string; role: AdminRole; addedAt: number | null }[]>;
  /**
   * Adding a name that is on the list already, in any notation, changes nothing. `by` is the administrator
   * who asks.
   */
  addAdministrator(dn: string, role: AdminRole, by: string): Promise<void>;
  /** Revokes the certificates of every entry that is the same name, and removes it. */
  removeAdministrator(dn: string, by: string): Promise<void>;
  /** The role of the administrator a certificate belongs to; null when it belongs to none. Its state is not looked at. */
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
  'check' | 'issue' | 'revoke' | 'revokeShown' | 'profiles' | 'caCertificates' | 'authorities'
>;

/** A certificate of the CA's set. Times are milliseconds since the epoch. */
export interface KnownAuthority {
  /** Part of the URLs of its CRL and certificate. */
  id: string;
  /** `cross`: the key of the root `of`, certified by the root `root`. */
  kind: 'root' | 'issuer' | 'cross';
  state: 'active' | 'next' | 'retiring' | 'retired' | 'ended';
  /** PEM of it alone. */
  certificate: string;
  /** PEM of the certificates between it and its root. */
  chain: string;
  /** Id of the root it leads to. */
  root: string;
  of: string | null;
  /** Certificates it issued may point to /ca.crl and /issuer.cer. */
  first: boolean;
  /** Subject key identifier, hex. */
  keyId: string;
  /** Certificates it signed are to be replaced from this time on. */
  renewFrom: number | null;
  /** The warning about it for the operator, as one sentence. */
  warning: string | null;
}

export interface IssueRequest {
  orderId: string;
  accountId: string;
  profile: string;
  identifiers: Identifier[];
  /** DER; the RA checked that it names exactly `identifiers`, and the CA checks again. */
  csr: Uint8Array;
  notBefore: number | null;
  notAfter: number | null;
  /**
   * When the order was made. Set when an earlier request for it may have been carried out without our
   * knowledge.
   */
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
  /** PEM, leaf first, root left out. */
  chain: string;
  /** Lower-case hex. */
  serial: string;
}

export interface AcmeProfile {
  name: string;
  /** One line for people, shown in the directory's `meta.profiles`. */
  description: string;
  /** Longest validity in milliseconds; also the default. */
  maxValidity: number;
  /** Key types it certifies; all when absent. */
  keyTypes?: readonly KeyType[];
  /** Challenges that may prove its names; all that are on offer when absent. */
  challenges?: readonly ChallengeType[];
  /** The CA ignores requested dates: every certificate is valid from now on for the longest time. */
  fixedValidity?: boolean;
}

/** The CA did not answer in time, or the connection is away: try again, the outcome is unknown. */
export class CaUnavailable extends Error {
  override readonly name = 'CaUnavailable';
}

/** The CA refused, and will refuse again. `kind` says what a client should hear. */
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
 * This CA cannot do what was asked for: it has no such task (a Python CA, or one older than this RA), or its
 * task cannot do this. HTTP answers 501 with the message, which names the task.
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
