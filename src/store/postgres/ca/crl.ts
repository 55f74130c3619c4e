/**
 * Part of a statement that revokes, or takes back, and returns the `issuer`: every CRL of that issuer that has its number already
 * may have been made without it. Whoever is getting a number just now waits for this, and then sees the change, or has got it
 * before and is counted in.
 */
export function outdatingCrls(changed: string): string {
  return `outdated AS (UPDATE crls SET stale_up_to = last_number WHERE issuer = (SELECT issuer FROM ${changed}))`;
}
