/**
 * Certificates that may be forgotten, but for their end. Who may use the channel depends on the newest certificate of a peer's
 * registration; a revoked one is on a CRL made after its end (RFC 5280 §3.3); the key of an administrator that was removed is told
 * by the certificate. @param order the column that says which of a peer's certificates is the newest
 */
export function forgettable(order: string): string {
  return `certificates.serial NOT IN (
      SELECT held.serial FROM peer_certificates AS held WHERE held.${order} =
        (SELECT max(newest.${order}) FROM peer_certificates AS newest WHERE newest.public_key = held.public_key))
    AND NOT (profile = 'admin' AND revoked_at IS NOT NULL)
    AND (revoked_at IS NULL OR EXISTS (
      SELECT 1 FROM crls WHERE crls.issuer = certificates.issuer AND crls.this_update > certificates.not_after))`;
}

/** The columns of an expired certificate by which its names are deleted. */
export type EndedRow = [serial: string, cn: string, identifiers: string, notAfter: number];
export const ENDED = 'serial, cn, identifiers, not_after';
