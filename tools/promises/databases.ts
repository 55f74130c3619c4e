import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseSync } from '@photostructure/sqlite';
import { toPem } from '../../src/x509/pem.js';
import { plainSerial } from './promised-order.js';

/** The contents of both databases; ids are the last segments of URLs, serials have no leading zeros. */
export interface Kept {
  accounts: { id: string; deactivated: boolean }[];
  orders: { id: string; certificateId: string | null; failed: boolean }[];
  /** Certificates of orders at the RA; `chain` is PEM. */
  certificates: { id: string; orderId: string; serial: string; chain: string }[];
  /** Certificates of orders at the CA; `leaf` is PEM. */
  issued: { orderId: string; serial: string; leaf: string; revoked: boolean }[];
  /** Answered challenges and finalized orders that have not ended. */
  unfinished: number;
}

/** Validations of deactivated accounts end too, although no client waits for them, at the latest at the end of a lease. */
const PATIENCE = 40_000;

/** Queries a database, read-only; rows by column name. The SQL is valid in SQLite and PostgreSQL. */
export type Ask = <Row>(sql: string) => Promise<Row[]>;

/** Reads both databases once the RA's has no work left (or will never have). */
export async function readKept(ra: Ask, ca: Ask): Promise<Kept> {
  const deadline = Date.now() + PATIENCE;
  while ((await unfinished(ra)) > 0 && Date.now() < deadline) await pause(50);
  return read(ra, ca);
}

/** The databases of `upki start`, in its data directory. */
export function readDatabases(folder: string): Promise<Kept> {
  return reading(folder, readKept);
}

/** The same, with the work that was unfinished at that moment. */
export function readAsTheyAre(folder: string): Promise<Kept> {
  return reading(folder, read);
}

async function reading(folder: string, readBoth: (ra: Ask, ca: Ask) => Promise<Kept>): Promise<Kept> {
  const ra = new DatabaseSync(join(folder, 'ra/acme.db'), { readOnly: true });
  const ca = new DatabaseSync(join(folder, 'ca/ca.db'), { readOnly: true });
  try {
    return await readBoth(asking(ra), asking(ca));
  } finally {
    ra.close();
    ca.close();
  }
}

function asking(database: InstanceType<typeof DatabaseSync>): Ask {
  return async <Row>(sql: string) => database.prepare(sql).all() as Row[];
}

async function unfinished(ra: Ask): Promise<number> {
  const [row] = await ra<{ count: number | string }>(
    `SELECT (SELECT count(*) FROM open_validations) +
            (SELECT count(*) FROM orders WHERE due_at IS NOT NULL) AS count`,
  );
  return Number(row?.count);
}

/** Quotes names, because PostgreSQL folds unquoted ones to lower case. */
async function read(ra: Ask, ca: Ask): Promise<Kept> {
  const accounts = await ra<{ id: string; deactivated: unknown }>(
    'SELECT id, deactivated_at IS NOT NULL AS deactivated FROM accounts',
  );
  const orders = await ra<{ id: string; certificateId: string | null; failed: unknown }>(
    'SELECT id, certificate_id AS "certificateId", error IS NOT NULL AS failed FROM orders',
  );
  const certificates = await ra<Kept['certificates'][number]>(
    'SELECT id, order_id AS "orderId", serial, chain FROM certificates',
  );
  const issued = await ca<{ orderId: string; serial: string; der: Uint8Array; revoked: unknown }>(
    `SELECT order_id AS "orderId", serial, der, revoked_at IS NOT NULL AS revoked
     FROM certificates WHERE order_id IS NOT NULL`,
  );
  return {
    accounts: accounts.map((row) => ({ ...row, deactivated: Boolean(row.deactivated) })),
    orders: orders.map((row) => ({ ...row, failed: Boolean(row.failed) })),
    certificates: certificates.map((row) => ({ ...row, serial: plainSerial(row.serial) })),
    issued: issued.map(({ orderId, serial, der, revoked }) => ({
      orderId,
      serial: plainSerial(serial),
      leaf: toPem('CERTIFICATE', der),
      revoked: Boolean(revoked),
    })),
    unfinished: await unfinished(ra),
  };
}
