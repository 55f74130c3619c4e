import { type RegistryOperations, shared } from '../../rows/ca/registry.js';
import { runAudited } from '../audit.js';
import { type SqliteOperations, write } from '../protocol.js';
import { inSqlite } from '../shared.js';

/** The users of the CA: nodes, administrators, and the channel's admitted keys. */

const common = inSqlite(shared);

/** Whether a key is compromised, by the base64url SHA-256 of its SubjectPublicKeyInfo. */
export const isCompromised = common.isCompromisedKey.run;

export const registryOperations = {
  ...common,

  addAdmin: write((sql, dn, role, addedAt, byName, serial, entry) => {
    const added = runAudited(
      sql,
      entry,
      'INSERT INTO admins (dn, role, added_at, by_name) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      dn,
      role,
      addedAt,
      byName,
    );
    if (serial !== null) sql.run('INSERT INTO admin_certificates (serial, dn) VALUES (?, ?)', serial, dn);
    return added;
  }),
  bindAdmin: write((sql, dn, serials, entry) => {
    const bound = runAudited(sql, entry, 'UPDATE admins SET by_name = 0 WHERE dn = ? AND by_name = 1', dn);
    if (!bound) return false;
    for (const serial of serials) {
      sql.run('INSERT INTO admin_certificates (serial, dn) VALUES (?, ?) ON CONFLICT DO NOTHING', serial, dn);
    }
    return true;
  }),
  removeAdmin: write((sql, dn, entry) => {
    sql.run('DELETE FROM admin_certificates WHERE dn = ?', dn);
    return runAudited(sql, entry, 'DELETE FROM admins WHERE dn = ?', dn);
  }),
  admitPeer: write((sql, publicKey, role, cn, addedAt, serial, entry) => {
    runAudited(
      sql,
      entry,
      `INSERT INTO peers (public_key, role, cn, added_at) VALUES (?, ?, ?, ?) ON CONFLICT (public_key) DO UPDATE
       SET role = excluded.role, cn = excluded.cn, added_at = excluded.added_at, revoked_at = NULL`,
      publicKey,
      role,
      cn,
      addedAt,
    );
    if (serial !== null) common.addPeerCertificate.run(sql, publicKey, serial);
  }),
} satisfies SqliteOperations<RegistryOperations>;
