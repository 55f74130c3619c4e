import type { X509Certificate } from 'node:crypto';
import type { Tools } from '../../kit/tools.js';

/** File of the root, by its name in the printed lines. */
export const ROOT = 'upki-root.crt';

/** A separate folder for one client, with the root in it, and the environment for its programs. */
export interface Place {
  folder: string;
  env: Record<string, string>;
}

/** An ACME client for which `upki node add` prints a line. */
export interface LineClient {
  /** The name `upki node add` gives the line. */
  name: string;
  /** Folders of its programs. */
  install(tools: Tools): Promise<string[]>;
  /**
   * Runs the printed line unchanged; returns the certificate.
   * @throws Refused with the client's output if it got none
   */
  obtain(printed: string, host: string, place: Place): Promise<X509Certificate>;
}

/** The client got no certificate; the message is its output. */
export class Refused extends Error {}
