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
