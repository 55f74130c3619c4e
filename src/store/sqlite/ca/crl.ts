import type { Sql } from '../sql.js';

/** Marks every CRL of the certificate's issuer with a number allocated so far as stale: it may lack this change. */
export function outdateCrls(sql: Sql, serial: string): void {
  sql.run(
    `UPDATE crls SET stale_up_to = last_number
     WHERE issuer = (SELECT issuer FROM certificates WHERE serial = ?)`,
    serial,
  );
}
