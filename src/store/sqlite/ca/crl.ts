/**
 * Every revocation, and every release from hold, makes all CRLs stale that have a number allocated so far, and is noted with that
 * number. A trigger does it, so no statement can forget it.
 */
export const CRL_TRIGGER = `
  CREATE TRIGGER revocations_outdate_crls AFTER UPDATE OF revoked_at, reason ON certificates
    WHEN OLD.revoked_at IS NOT NEW.revoked_at OR OLD.reason IS NOT NEW.reason BEGIN
    UPDATE crls SET stale_up_to = last_number WHERE issuer = NEW.issuer;
    INSERT INTO crl_changes (issuer, number, serial)
      SELECT issuer, last_number, NEW.serial FROM crls WHERE issuer = NEW.issuer ON CONFLICT DO NOTHING;
  END;
`;

/**
 * The same for the first revocation after a number was allocated; the others find the CRLs stale. A change reads and compares the
 * whole row, of several megabytes; a look-up reads it up to the last column that it needs, and without a rowid the whole row.
 */
export const CHEAPER_CRL_SCHEMA = `
  DROP TRIGGER revocations_outdate_crls;
  ALTER TABLE crls RENAME TO crls_before;
  CREATE TABLE crls (
    issuer TEXT NOT NULL PRIMARY KEY,
    last_number INTEGER NOT NULL DEFAULT 0,
    stale_up_to INTEGER NOT NULL DEFAULT 0,
    number INTEGER,
    this_update INTEGER,
    next_update INTEGER,
    der BLOB
  ) STRICT;
  INSERT INTO crls (issuer, last_number, stale_up_to, number, this_update, next_update, der)
    SELECT issuer, last_number, stale_up_to, number, this_update, next_update, der FROM crls_before;
  DROP TABLE crls_before;
  CREATE TRIGGER revocations_outdate_crls AFTER UPDATE OF revoked_at, reason ON certificates
    WHEN OLD.revoked_at IS NOT NEW.revoked_at OR OLD.reason IS NOT NEW.reason BEGIN
    UPDATE crls SET stale_up_to = last_number WHERE issuer = NEW.issuer AND stale_up_to <> last_number;
    INSERT INTO crl_changes (issuer, number, serial)
      SELECT issuer, last_number, NEW.serial FROM crls WHERE issuer = NEW.issuer ON CONFLICT DO NOTHING;
  END;
`;
