import { type RegistryOperations, shared } from '../../rows/ca/registry.js';
import { audited } from '../audit.js';
import type { PostgresOperations } from '../operations.js';
import { inPostgres } from '../shared.js';

/** The users of the CA: nodes, administrators, and the channel's admitted keys. */

export const registryOperations: PostgresOperations<RegistryOperations> = {
  ...inPostgres(shared),

  async addAdmin(db, dn, role, addedAt, byName, serial, entry) {
    const row = await db.get<[added: boolean]>(
      `WITH added AS (
         INSERT INTO admins (dn, role, added_at, by_name) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1
       ),
       held AS (
         INSERT INTO admin_certificates (serial, dn) SELECT $5::text, $1 WHERE $5::text IS NOT NULL
       ),
       ${audited('added', '$6')}
       SELECT EXISTS (SELECT FROM added)`,
      dn,
      role,
      addedAt,
      byName,
      serial,
      entry,
    );
    return row?.[0] ?? false;
  },
  async bindAdmin(db, dn, serials, entry) {
    const row = await db.get<[bound: boolean]>(
      `WITH bound AS (UPDATE admins SET by_name = 0 WHERE dn = $1 AND by_name = 1 RETURNING 1),
       held AS (
         INSERT INTO admin_certificates (serial, dn)
         SELECT unnest($2::text[]), $1 FROM bound ON CONFLICT DO NOTHING
       ),
       ${audited('bound', '$3')}
       SELECT EXISTS (SELECT FROM bound)`,
      dn,
      serials,
      entry,
    );
    return row?.[0] ?? false;
  },
  async removeAdmin(db, dn, entry) {
    const row = await db.get<[removed: boolean]>(
      `WITH removed AS (DELETE FROM admins WHERE dn = $1 RETURNING 1),
       held AS (DELETE FROM admin_certificates WHERE dn = $1),
       ${audited('removed', '$2')}
       SELECT EXISTS (SELECT FROM removed)`,
      dn,
      entry,
    );
    return row?.[0] ?? false;
  },
  async admitPeer(db, publicKey, role, cn, addedAt, serial, entry) {
    await db.get(
      `WITH admitted AS (
         INSERT INTO peers (public_key, role, cn, added_at) VALUES ($1, $2, $3, $4) ON CONFLICT (public_key) DO UPDATE
         SET role = excluded.role, cn = excluded.cn, added_at = excluded.added_at, revoked_at = NULL RETURNING 1
       ),
       held AS (
         INSERT INTO peer_certificates (public_key, serial) SELECT $1, $5::text WHERE $5::text IS NOT NULL
       ),
       ${audited('admitted', '$6')}
       SELECT EXISTS (SELECT FROM admitted)`,
      publicKey,
      role,
      cn,
      addedAt,
      serial,
      entry,
    );
  },
};
