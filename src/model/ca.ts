import type { SubjectName } from '../x509/certificate-names.js';
import type { KeyType } from '../x509/spki.js';
import type { ChallengeType, Identifier } from './facts.js';

/** What the RA asks of a CA, whatever carries it (the ZeroMQ channel, or a stand-in for faults in tests). */
export interface CertificateAuthority {
  /**
   * Refuses what this CA is known never to issue, before the order is spent on it; left out by a CA that issues all the
   * RA accepts.
   * @throws CaRefused, CaUnavailable
   */
  check?(request: Pick<IssueRequest, 'csr' | 'identifiers'>): Promise<void>;
  /**
   * Issues for an order. Asking twice for the same order gives the same certificate, or revokes the first one.
   * @throws CaRefused when the CA will never issue this; CaUnavailable when it is not known whether it did.
   */
  issue(request: IssueRequest): Promise<IssuedCertificate>;
  /**
   * Revokes by serial (lower-case hex). Revoking again is no error: `already` tells.
   * @throws CaRefused, CaUnavailable; CaLacksTask when this CA cannot revoke that certificate.
   */
  revoke(serial: string, reason: number | null): Promise<{ already: boolean }>;
  /**
   * Revokes a certificate (DER) that is shown and that the RA may have no record of, when this CA signed it. Left out by a CA that
   * cannot. @throws CaRefused `notFound` for one that is not this CA's; CaUnavailable, CaLacksTask
   */
  revokeShown?(certificate: Uint8Array, reason: number | null): Promise<{ already: boolean }>;
  /** Profiles an ACME client may ask for, by name. Cached by the implementation. */
  profiles(): Promise<AcmeProfile[]>;
  /** PEM of the root and of the issuing chain (issuer first, root left out). */
  caCertificates(): Promise<{ root: string; chain: string }>;
  /** DER of the current CRL: of the issuer in use, or of the root or issuer with this id. */
  crl(issuer?: string): Promise<Uint8Array>;
  /** Its roots, issuers and cross-certificates; left out by a CA that has one of each for ever. Cached by the implementation. */
  authorities?(): Promise<KnownAuthority[]>;
  /** Resolves when the CA answers; rejects with CaUnavailable within the channel's time limit. */
  ping(): Promise<void>;
}

/** A certificate of the CA's set. Times are milliseconds since the epoch. */
export interface KnownAuthority {
  /** Part of the URLs of its CRL and certificate. */
  id: string;
  /** `cross`: the key of the root `of`, certified by the root `root`. */
  kind: 'root' | 'issuer' | 'cross';
  state: 'active' | 'next' | 'retiring' | 'retired' | 'ended';
  /** PEM of it alone. */
  certificate: string;
  /** Id of the root it leads to. */
  root: string;
  of: string | null;
  /** Certificates of it may point to /ca.crl and /issuer.cer. */
  first: boolean;
  /** Subject key identifier, hex. */
  keyId: string;
  /** What it signed is to be replaced from then on. */
  renewFrom: number | null;
  /** What an operator must know of it, a sentence. */
  warning: string | null;
}

/** Certificates that no ACME order stands behind. @throws CaUnavailable, CaRefused, CaLacksTask */
export interface NodeCertificates {
  /**
   * Issues for a node what was registered; nothing of the CSR but its key is used. Asking twice for the same request
   * gives the same certificate.
   * @throws CaRefused when the CA will never issue this; CaUnavailable when it is not known whether it did.
   */
  enroll(request: EnrolmentRequest): Promise<IssuedCertificate>;
  /**
   * A certificate for the key of a CSR (DER), in the names and profile of the one with this serial (lower-case hex),
   * which stays good. Asking again soon gives the same.
   */
  reissue(serial: string, csr: Uint8Array): Promise<IssuedCertificate>;
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
  /** When the order was made, if an earlier request for it may have been carried out without our knowing. */
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
  /** Kinds of keys it takes; all when absent. */
  keyTypes?: readonly KeyType[];
  /** Challenges by which its names may be proven; all on offer when absent. */
  challenges?: readonly ChallengeType[];
  /** The CA takes no wishes: every certificate is valid from now for the longest time. */
  fixedValidity?: boolean;
}

/** The CA did not answer in time, or the connection is away: try again, the outcome is unknown. */
export class CaUnavailable extends Error {
  override readonly name = 'CaUnavailable';
}

/** The CA answered no, for good. `code` as in the channel's `[code] message`; `kind` says what a client should hear. */
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
 * The CA this RA is joined to cannot do what was asked for, now or ever: it has no such task (a Python CA, or one older
 * than this RA), or what it has does not do. HTTP answers 501 with the message, which names the task.
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
