import type { OperationsTasks, Result } from '../../channel/tasks/index.js';

/** What a CA can be asked for, in the words of the channel: its certificates, profiles, keys, reasons and CRL. */
export type CaOffer = Result<OperationsTasks['get_options']>;

/**
 * What administrators do at the CA.
 * @throws CaUnavailable, CaRefused
 */
export interface CaAdministration {
  /** DNs of the administrators, in any notation. */
  admins(): Promise<string[]>;
  /** Adding one that is on the list, in whatever notation, changes nothing. */
  addAdmin(dn: string): Promise<void>;
  /** Removes every entry that is the same name. */
  removeAdmin(dn: string): Promise<void>;
  /** DER of a CRL signed now. */
  generateCrl(): Promise<Uint8Array>;
  offer(): Promise<CaOffer>;
}
