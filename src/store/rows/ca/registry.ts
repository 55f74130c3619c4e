import type { NodeRecord, PeerRecord, PeerRole } from '../../contract/ca.js';

export type NodeRow = [cn: string, profile: string, sans: string, registeredAt: number];
export type PeerRow = [
  publicKey: string,
  role: string,
  cn: string,
  addedAt: number,
  revokedAt: number | null,
];

export const NODE = 'cn, profile, sans, registered_at';
export const PEER = 'public_key, role, cn, added_at, revoked_at';

export function node([cn, profile, sans, registeredAt]: NodeRow): NodeRecord {
  return { cn, profile, sans: JSON.parse(sans), registeredAt };
}

export function peer([publicKey, role, cn, addedAt, revokedAt]: PeerRow): PeerRecord {
  return { publicKey, role: role as PeerRole, cn, addedAt, revokedAt };
}
