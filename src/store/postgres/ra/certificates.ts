import { serialOfAriId } from '../../rows/ra/certificates.js';

/** RFC 8555 §7.4.2, §7.6; RFC 9773. */

/** The serial of the certificate that an order replaces, by the order's `replaces`. */
export function replacedSerial(replaces: string | null | undefined): string | null {
  return typeof replaces === 'string' ? serialOfAriId(replaces) : null;
}

/**
 * RFC 9773 §5: an order that became invalid no longer replaces a certificate; another order may. Part of the
 * statement that ends the order: `order` is a query of its id, `serial` the parameter with its predecessor's serial.
 * A concurrent statement that stores the order's certificate is waited for, and takes effect first.
 */
export function releasePredecessor(order: string, serial: string): string {
  return `
    ended AS (SELECT id FROM orders WHERE id = (${order}) AND certificate_id IS NULL FOR UPDATE),
    released AS (
      UPDATE certificates SET replaced_by = NULL WHERE serial = ${serial} AND replaced_by = (SELECT id FROM ended)
    )`;
}
