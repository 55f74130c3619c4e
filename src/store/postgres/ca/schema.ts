import * as ca from '../../rows/ca/schema.js';
import { LEASES, SETTINGS } from '../../rows/schema.js';
import { AUDIT_CUTS_SCHEMA, AUDIT_SCHEMA } from '../audit.js';
import type { Migration } from '../migration.js';
import { postgresSchema } from '../shared.js';
import { CRL_TRIGGER } from './crl.js';
import { FIGURES_SCHEMA, UNCOUNTED_SCHEMA } from './figures.js';
import { indexNames } from './names.js';

/** The CA's tables. */
export const caMigrations: readonly Migration[] = [
  postgresSchema(SETTINGS, ca.FIRST),
  AUDIT_SCHEMA,
  postgresSchema(ca.STALE_CRLS),
  postgresSchema(ca.NAMES),
  indexNames,
  postgresSchema(ca.AUTHORITIES),
  `
  ${postgresSchema(ca.REGISTRY)}
  CREATE INDEX certificates_of_admins ON certificates (seq) WHERE profile = 'admin';
  CREATE INDEX compromised_keys_learned ON compromised_keys (seq);
  `,
  FIGURES_SCHEMA,
  `
  ${postgresSchema(LEASES)}
  ${UNCOUNTED_SCHEMA}
  ${postgresSchema(ca.DOCUMENT_AGE)}
  UPDATE documents SET kept_at = (extract(epoch FROM now()) * 1000)::bigint;
  ${postgresSchema(ca.DOCUMENTS_BY_AGE)}
  `,
  AUDIT_CUTS_SCHEMA,
  postgresSchema(ca.CERTIFICATES_BY_ISSUER),
  postgresSchema(ca.REVOKED_BY_ISSUER),
  `
  ${postgresSchema(ca.CRL_CHANGES)}
  ${CRL_TRIGGER}
  `,
  postgresSchema(ca.BY_STATE),
];
