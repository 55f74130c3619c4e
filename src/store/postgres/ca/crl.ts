/**
 * Every revocation, and every release from hold, makes all CRLs stale that have a number allocated so far, and is noted with that
 * number. A concurrent allocation either waits for the row of `crls`, and its CRL then contains the change, or came first and is
 * marked stale. A trigger does it, so the revocations of a CA of an older version are noted too.
 */
export const CRL_TRIGGER = `
  CREATE FUNCTION outdate_crls() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
      WITH outdated AS (
        UPDATE crls SET stale_up_to = last_number WHERE issuer = NEW.issuer RETURNING issuer, last_number
      )
      INSERT INTO crl_changes (issuer, number, serial)
        SELECT issuer, last_number, NEW.serial FROM outdated ON CONFLICT DO NOTHING;
      RETURN NULL;
    END $$;
  CREATE TRIGGER revocations_outdate_crls AFTER UPDATE OF revoked_at, reason ON certificates FOR EACH ROW
    WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at OR OLD.reason IS DISTINCT FROM NEW.reason)
    EXECUTE FUNCTION outdate_crls();
`;
