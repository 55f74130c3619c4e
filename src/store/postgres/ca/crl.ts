/**
 * Part of a statement that revokes a certificate, or takes one off hold, and returns its `issuer`. Every CRL of the
 * issuer with a number allocated so far may lack the change. A concurrent allocation either waits for this row, and
 * its CRL then contains the change, or came first and is marked stale.
 */
export function outdatingCrls(changed: string): string {
  return `outdated AS (UPDATE crls SET stale_up_to = last_number WHERE issuer = (SELECT issuer FROM ${changed}))`;
}
