/** The ACME server a client is driven against. */
export interface Authority {
  directoryUrl: string;
  /** PEM file of the root its own certificate chains to. */
  serverRoot: string;
  /** PEM of the root the issued certificates chain to. */
  root: string;
  /** Whether the certificate with this serial (upper-case hex) is publicly revoked; checked with `openssl`. */
  isRevoked(serial: string, chain: string): Promise<boolean>;
  /** The value of the TXT record by which the account (its URL) gets a name for good; absent where that is not offered. */
  persistValue?(name: string, account: string): Promise<string>;
  /** Revokes the certificate as an operator does; absent where clients alone can. */
  revokeAsOperator?(chain: string): Promise<void>;
  stop(): Promise<void>;
}

/** What the server's validator needs to know of the test network. */
export interface Validation {
  dns: string;
  httpPort: number;
  tlsPort: number;
}

/** @param settings of uPKI, as environment; another server has its own way or none */
export type StartAuthority = (
  validation: Validation,
  folder: string,
  settings?: Record<string, string>,
) => Promise<Authority>;
