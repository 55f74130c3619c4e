/** The ACME server a client is driven against. */
export interface Authority {
  directoryUrl: string;
  /** PEM file of the root its own certificate chains to. */
  serverRoot: string;
  /** PEM of the root the issued certificates chain to. */
  root: string;
  /** Whether the certificate with this serial (upper-case hex) is publicly revoked; checked with `openssl`. */
  isRevoked(serial: string, chain: string): Promise<boolean>;
  stop(): Promise<void>;
}

/** What the server's validator needs to know of the test network. */
export interface Validation {
  dns: string;
  httpPort: number;
  tlsPort: number;
}

export type StartAuthority = (validation: Validation, folder: string) => Promise<Authority>;
