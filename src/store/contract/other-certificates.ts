/** A certificate the RA obtained without an order, and not for a node. */
export interface OtherCertificate {
  /** Lower-case hex. */
  serial: string;
  /** Why it was given, for people. */
  origin: string;
  /** The certificate it renews. */
  renews: string | null;
  at: number;
  notAfter: number;
}

/** So that every certificate the RA ever obtained is in its records. */
export interface OtherCertificates {
  recordOtherCertificate(certificate: OtherCertificate): Promise<void>;
  findOtherCertificate(serial: string): Promise<OtherCertificate | null>;
}
