/** A certificate the RA obtained without an order, and not for a node. */
export interface OtherCertificate {
  /** Lower-case hex. */
  serial: string;
  /** Why it was issued, for people. */
  origin: string;
  /** The certificate it renews. */
  renews: string | null;
  at: number;
  notAfter: number;
}

/** Records certificates without an order or a node, so that the RA has a record of every certificate it obtained. */
export interface OtherCertificates {
  recordOtherCertificate(certificate: OtherCertificate): Promise<void>;
  findOtherCertificate(serial: string): Promise<OtherCertificate | null>;
}
