import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseSync } from '@photostructure/sqlite';
import { toPem } from '../src/x509/pem.js';
import { plainSerial } from './promised-order.js';

/** What both programs keep; ids are the last segments of URLs, serials plain. */
export interface Kept {
  accounts: { id: string; deactivated: boolean }[];
  orders: { id: string; certificateId: string | null; failed: boolean }[];
  /** Certificates of orders at the RA; `chain` is PEM. */
  certificates: { id: string; orderId: string; serial: string; chain: string }[];
  /** Certificates of orders at the CA; `leaf` is PEM. */
  issued: { orderId: string; serial: string; leaf: string; revoked: boolean }[];
  /** Challenges answered and orders finalized that have not ended. */
  unfinished: number;
}

/** Validations of accounts that were deactivated end too, with nobody there to wait for them. */
const PATIENCE = 15_000;

/** Reads both databases, read-only, when no work is left in them (or none will be). */
export async function readDatabases(folder: string): Promise<Kept> {
  const ra = new DatabaseSync(join(folder, 'ra/acme.db'), { readOnly: true });
  const ca = new DatabaseSync(join(folder, 'ca/ca.db'), { readOnly: true });
  try {
    const deadline = Date.now() + PATIENCE;
    while (unfinished(ra) > 0 && Date.now() < deadline) await pause(50);
    return read(ra, ca);
  } finally {
    ra.close();
    ca.close();
  }
}

type Database = InstanceType<typeof DatabaseSync>;

function unfinished(ra: Database): number {
  const { count } = ra
    .prepare(
      `SELECT (SELECT count(*) FROM open_validations) +
              (SELECT count(*) FROM orders WHERE due_at IS NOT NULL) AS count`,
    )
    .get() as { count: number };
  return count;
}

function read(ra: Database, ca: Database): Kept {
  const all = <Row>(database: Database, sql: string) => database.prepare(sql).all() as Row[];
  const accounts = all<{ id: string; deactivated: number }>(
    ra,
    'SELECT id, deactivated_at IS NOT NULL AS deactivated FROM accounts',
  );
  const orders = all<{ id: string; certificateId: string | null; failed: number }>(
    ra,
    'SELECT id, certificate_id AS certificateId, error IS NOT NULL AS failed FROM orders',
  );
  const certificates = all<Kept['certificates'][number]>(
    ra,
    'SELECT id, order_id AS orderId, serial, chain FROM certificates',
  );
  const issued = all<{ orderId: string; serial: string; der: Uint8Array; revoked: number }>(
    ca,
    'SELECT order_id AS orderId, serial, der, revoked_at IS NOT NULL AS revoked FROM certificates WHERE order_id IS NOT NULL',
  );
  return {
    accounts: accounts.map((row) => ({ ...row, deactivated: row.deactivated !== 0 })),
    orders: orders.map((row) => ({ ...row, failed: row.failed !== 0 })),
    certificates: certificates.map((row) => ({ ...row, serial: plainSerial(row.serial) })),
    issued: issued.map(({ orderId, serial, der, revoked }) => ({
      orderId,
      serial: plainSerial(serial),
      leaf: toPem('CERTIFICATE', der),
      revoked: revoked !== 0,
    })),
    unfinished: unfinished(ra),
  };
}
