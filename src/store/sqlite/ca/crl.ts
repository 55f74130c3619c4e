import type { Sql } from '../sql.js';

/** Every CRL of the certificate's issuer that has its number already may lack this change. */
export function outdateCrls(sql: Sql, serial: string): void {
  sql.run(
    `UPDATE crls SET stale_up_to = last_number
     WHERE issuer = (SELECT issuer FROM certificates WHERE serial = ?)`,
    serial,
  );
}
