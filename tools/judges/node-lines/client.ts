import type { X509Certificate } from 'node:crypto';
import type { Tools } from '../../kit/tools.js';

/** File of the root, as the lines name it. */
export const ROOT = 'upki-root.crt';

/** A folder of its own for one client, with the root beside it, and the environment its programs run in. */
export interface Place {
  folder: string;
  env: Record<string, string>;
}

/** An ACME client of which `upki node add` prints a line. */
export interface LineClient {
  /** As `upki node add` calls its line. */
  name: string;
  /** Folders of its programs. */
  install(tools: Tools): Promise<string[]>;
  /**
   * Does what is printed, as it is printed; answers the certificate it got.
   * @throws Refused with what the client said, when it got none
   */
  obtain(printed: string, host: string, place: Place): Promise<X509Certificate>;
}

/** The client got no certificate; the message is what it said. */
export class Refused extends Error {}
