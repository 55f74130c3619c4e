/** The ACME server a client is driven against. */
export interface Authority {
  directoryUrl: string;
  /** PEM file of the root that its own certificate chains to. */
  serverRoot: string;
  /** PEM of the root that issued certificates chain to. */
  root: string;
  /** Whether the certificate with this serial (upper-case hex) is publicly revoked; checked with `openssl`. */
  isRevoked(serial: string, chain: string): Promise<boolean>;
  /** The value of the TXT record by which an account (its URL) proves a name permanently; absent if the server does not offer this. */
  persistValue?(name: string, account: string): Promise<string>;
  /** Revokes the certificate as an operator does; absent if only clients can. */
  revokeAsOperator?(chain: string): Promise<void>;
  stop(): Promise<void>;
}

/** The facts about the test network that the server's validator needs. */
export interface Validation {
  dns: string;
  httpPort: number;
  tlsPort: number;
}

/** @param settings of uPKI, as environment variables; other servers may ignore them */
export type StartAuthority = (
  validation: Validation,
  folder: string,
  settings?: Record<string, string>,
) => Promise<Authority>;
