/** The figures that a CA reports to an RA. Times are milliseconds since the epoch. */
export interface CaFigures {
  certificates: { profile: string; state: string; count: number }[];
  /** Good certificates that expire within 14 days; null when an older CA does not count them. */
  ending: number | null;
  /** Certificates past their renewal window without a successor, by profile. */
  notRenewed: { profile: string; count: number }[];
  /** `kind` is root, issuer or cross. A retired authority is not in use. */
  authorities: {
    id: string;
    kind: string;
    dn: string;
    notBefore: number;
    notAfter: number;
    inUse: boolean;
  }[];
  /** `issuer`: the id of the authority. */
  crls: { issuer: string; number: number; thisUpdate: number; nextUpdate: number }[];
  auditRecords: number;
  /** The fault found in the audit log; null if there is none. */
  auditFault: string | null;
  /** Duration of a durable write just now. */
  databaseMs: number;
  /** Free octets on the disk with the CA's files; null: unknown. */
  diskFree: number | null;
  /** When the last backup of the CA's directory was complete; null: none is known. */
  backupAt: number | null;
  startedAt: number;
  /** The version of the program; null when an older CA does not report it. */
  version: string | null;
}

/** A certificate past its renewal window without a later one that has all its names. */
export interface LateCertificate {
  /** Lower-case hex. */
  serial: string;
  cn: string;
  profile: string;
  accountId: string | null;
  names: string[];
  notBefore: number;
  notAfter: number;
}
