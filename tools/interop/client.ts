import type { Tools } from '../kit/tools.js';
import type { World } from './world.js';

/** The ways in which a client can obtain a certificate. */
export const CHALLENGES = ['http-01', 'dns-01', 'wildcard', 'tls-alpn-01', 'dns-persist-01'] as const;
export type ChallengeFeature = (typeof CHALLENGES)[number];

/** A certificate a client has obtained. */
export interface Obtained {
  /** The name that a visitor uses. */
  name: string;
  /** PEM, leaf first. */
  chain: string;
  /** PEM of its private key. */
  key: string;
  /** Port of the client's own TLS listener, if it is a server; else the script opens one with this certificate. */
  port?: number;
}

/** One client in one world. Features that it does not have are absent. */
export interface Session {
  obtain: Partial<Record<ChallengeFeature, () => Promise<Obtained>>>;
  /** Renews the certificate obtained by http-01, as an operator would. */
  renew?(): Promise<Obtained>;
  /** Revokes the certificate from `renew`, else the one obtained by http-01. */
  revoke?(): Promise<void>;
  /** Ends the processes it left running. */
  close?(): Promise<void>;
}

export interface Client {
  name: string;
  /** Takes minutes to install: left out of `--quick`. */
  slow?: boolean;
  /** Settings of uPKI that it needs for all its features. */
  settings?: Record<string, string>;
  /**
   * Finds or installs it.
   * @throws NotInstallable
   */
  install(tools: Tools): Promise<Installed>;
}

export interface Installed {
  version: string;
  open(world: World): Promise<Session>;
}
