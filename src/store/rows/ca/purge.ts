import { all, get, run, type SharedOperations, type Statements } from '../shared.js';

/**
 * Condition of a certificate that may be forgotten after its end. Three kinds may not: the newest certificate of a
 * peer's registration, which decides who may use the channel; a revoked one that is not yet on a CRL made after its
 * end (RFC 5280 §3.3); a revoked one of an administrator, by which the key of a removed administrator is recognised.
 */
export const FORGETTABLE = `certificates.serial NOT IN (
    SELECT held.serial FROM peer_certificates AS held WHERE held.seq =
      (SELECT max(newest.seq) FROM peer_certificates AS newest WHERE newest.public_key = held.public_key))
  AND NOT (profile = 'admin' AND revoked_at IS NOT NULL)
  AND (revoked_at IS NULL OR EXISTS (
    SELECT 1 FROM crls WHERE crls.issuer = certificates.issuer AND crls.this_update > certificates.not_after))`;

/** The columns of an expired certificate by which its names are deleted. */
type EndedRow = [serial: string, cn: string, identifiers: string, notAfter: number];

/** Deletes rows past their retention, a bounded number at a time. */
export interface PurgeOperations {
  purgeCertificates(before: number, limit: number): number;
  purgeDocuments(before: number, limit: number): number;
  countPurgeable(before: number): [certificates: number, documents: number];
}

export const shared = {
  reads: {
    *countPurgeable(before) {
      const counts = yield* get<[certificates: number, documents: number]>(
        `SELECT (SELECT count(*) FROM certificates WHERE not_after < $1 AND ${FORGETTABLE}),
                (SELECT count(*) FROM documents WHERE kept_at < $1 AND kind <> 'account')`,
        before,
      );
      return counts ?? [0, 0];
    },
  },
  writes: {
    purgeDocuments: (before, limit) =>
      run(
        `DELETE FROM documents WHERE (kind, id) IN (
           SELECT kind, id FROM documents WHERE kept_at < $1 AND kind <> 'account' ORDER BY kept_at LIMIT $2
           FOR UPDATE SKIP LOCKED)`,
        before,
        limit,
      ),
  },
} satisfies SharedOperations<PurgeOperations>;

/** Expired certificates that may be forgotten, the oldest first. */
export const endedCertificates = (before: number, limit: number): Statements<EndedRow[]> =>
  all<EndedRow>(
    `SELECT serial, cn, identifiers, not_after FROM certificates WHERE not_after < $1 AND ${FORGETTABLE}
     ORDER BY not_after, serial LIMIT $2`,
    before,
    limit,
  );
