import type { AdminRole } from '../../../model/administrators.js';
import type { AdministratorRecord, NodeRecord, PeerRecord, PeerRole } from '../../contract/ca.js';

export type NodeRow = [cn: string, profile: string, sans: string, registeredAt: number];
export type PeerRow = [
  publicKey: string,
  role: string,
  cn: string,
  addedAt: number,
  serial: string | null,
  revokedAt: number | null,
];
export type AdministratorRow = [dn: string, role: string, addedAt: number, byName: number];

export const NODE = 'cn, profile, sans, registered_at';
export const ADMINISTRATOR = 'dn, role, added_at, by_name';

/** Columns of a peer; `order` is the column by which its certificates were added. */
export function peerColumns(order: string): string {
  const newest = (column: string) =>
    `(SELECT ${column} FROM peer_certificates AS held JOIN certificates AS c ON c.serial = held.serial
      WHERE held.public_key = peers.public_key ORDER BY held.${order} DESC LIMIT 1)`;
  const ended = `coalesce(revoked_at, ${newest('c.revoked_at')})`;
  return `public_key, role, cn, added_at, ${newest('c.serial')}, ${ended}`;
}

export function node([cn, profile, sans, registeredAt]: NodeRow): NodeRecord {
  return { cn, profile, sans: JSON.parse(sans), registeredAt };
}

export function peer([publicKey, role, cn, addedAt, serial, revokedAt]: PeerRow): PeerRecord {
  return { publicKey, role: role as PeerRole, cn, addedAt, serial, revokedAt };
}

export function administrator([dn, role, addedAt, byName]: AdministratorRow): AdministratorRecord {
  return { dn, role: role as AdminRole, addedAt, byName: byName === 1 };
}
