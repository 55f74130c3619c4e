import type { AdminRole } from '../../model/administrators.js';

/** The users of the CA. Times are milliseconds since the epoch. */

/** A registered node; its certificate is the newest of its CN. */
export interface NodeRecord {
  cn: string;
  profile: string;
  sans: { type: string; value: string }[];
  registeredAt: number;
}

export type PeerRole = 'ra' | 'admin';

/** A client admitted to the operations socket by its CURVE public key. */
export interface PeerRecord {
  /** Z85, 40 characters. */
  publicKey: string;
  role: PeerRole;
  cn: string;
  addedAt: number;
  /**
   * The newest certificate of its registration; null for one admitted by a version that did not record it.
   */
  serial: string | null;
  /**
   * Since when it is not admitted: because it was revoked itself, or because that certificate is revoked or
   * on hold.
   */
  revokedAt: number | null;
}

/** An entry of the list of administrators. */
export interface AdministratorRecord {
  /** The name as it was entered: a DN in either notation, or a bare common name. */
  dn: string;
  role: AdminRole;
  addedAt: number;
  /**
   * True when it covers every administrator's certificate of its name, as entries did before they were tied
   * to certificates; else it covers only those made for it.
   */
  byName: boolean;
}
