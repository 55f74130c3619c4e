import * as ca from '../../rows/ca/schema.js';
import { searchKeys } from '../../rows/ca/search-keys.js';
import { LEASES, SETTINGS } from '../../rows/schema.js';
import { AUDIT_CUTS_SCHEMA, AUDIT_SCHEMA } from '../audit.js';
import { eachRow } from '../each-row.js';
import type { Migration } from '../migration.js';
import { sqliteSchema } from '../shared.js';
import { CHEAPER_CRL_SCHEMA, CRL_TRIGGER } from './crl.js';
import { CHEAPER_COUNT_SCHEMA, FIGURES_SCHEMA, UNCOUNTED_SCHEMA } from './figures.js';

/** The CA's tables. The rowid of a certificate is the order of issuance: "newest of this CN" needs no time in the index. */
export const caMigrations: readonly Migration[] = [
  sqliteSchema(SETTINGS, ca.FIRST),
  AUDIT_SCHEMA,
  sqliteSchema(ca.STALE_CRLS),
  sqliteSchema(ca.NAMES),
  (db) => {
    const insert = db.prepare('INSERT INTO certificate_names (name, not_after, serial) VALUES (?, ?, ?)');
    const all = db.prepare('SELECT serial, cn, identifiers, not_after FROM certificates');
    for (const row of eachRow<Record<string, string | number>>(all)) {
      const { serial, cn, identifiers, not_after } = row;
      const named = { cn: String(cn), identifiers: JSON.parse(String(identifiers)) };
      for (const key of searchKeys(named)) insert.run(key, Number(not_after), String(serial));
    }
  },
  sqliteSchema(ca.AUTHORITIES),
  `
  ${sqliteSchema(ca.REGISTRY)}
  CREATE INDEX certificates_of_admins ON certificates (profile) WHERE profile = 'admin';
  `,
  FIGURES_SCHEMA,
  `
  ${sqliteSchema(LEASES)}
  ${UNCOUNTED_SCHEMA}
  ${sqliteSchema(ca.DOCUMENT_AGE)}
  UPDATE documents SET kept_at = unixepoch() * 1000;
  ${sqliteSchema(ca.DOCUMENTS_BY_AGE)}
  `,
  AUDIT_CUTS_SCHEMA,
  sqliteSchema(ca.CERTIFICATES_BY_ISSUER),
  sqliteSchema(ca.REVOKED_BY_ISSUER),
  CHEAPER_COUNT_SCHEMA,
  `
  ${sqliteSchema(ca.CRL_CHANGES)}
  ${CRL_TRIGGER}
  `,
  CHEAPER_CRL_SCHEMA,
  sqliteSchema(ca.BY_STATE),
];
