import type { OperationsTasks, Result } from '../../channel/tasks/index.js';
import type { AdminRole } from '../../model/administrators.js';

/** A root, issuer or cross-certificate, in the words of the channel. */
export type CaAuthority = Result<OperationsTasks['get_authorities']>['authorities'][number];

/** What a CA can be asked for, in the words of the channel: its certificates, profiles, keys, reasons and CRL. */
export type CaOffer = Result<OperationsTasks['get_options']>;

/**
 * What administrators do at the CA.
 * @throws CaUnavailable, CaRefused
 */
export interface CaAdministration {
  /** The administrators, their names in any notation, in the order they were added. */
  admins(): Promise<{ dn: string; role: AdminRole }[]>;
  /** Adding one that is on the list, in whatever notation, changes nothing. `by` is the administrator who asks. */
  addAdmin(dn: string, role: AdminRole, by: string): Promise<void>;
  /** Revokes the certificates of every entry that is the same name, and removes it. */
  removeAdmin(dn: string, by: string): Promise<void>;
  /** DER of a CRL signed now. */
  generateCrl(): Promise<Uint8Array>;
  offer(): Promise<CaOffer>;
  /** Its roots, issuers and cross-certificates, until when, and what comes next. */
  authorities(): Promise<CaAuthority[]>;
  /** Takes a certificate (serial in lower-case hex) off certificateHold. @throws CaRefused when it is not on hold */
  endHold(serial: string): Promise<void>;
}
