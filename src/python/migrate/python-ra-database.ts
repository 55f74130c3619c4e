import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { parseJwk } from '../../acme/jose/jwk.js';
import type { Account, Identifier } from '../../model/facts.js';
import { parseIdentifiers } from '../../model/identifiers.js';
import { Problem } from '../../model/problem.js';
import { parseContacts } from '../../ra/contacts.js';
import type { Remark } from './report.js';
import { timeMember } from './tinydb.js';

/** An order with its certificate. */
export interface PythonOrder {
  id: string;
  accountId: string;
  identifiers: Identifier[];
  profile: string;
  createdAt: number;
  /** PEM: the leaf, then the CA's certificate. */
  chain: string;
}

/** The content of an acme.db of upki-ra. */
export interface PythonRaDatabase {
  accounts: Account[];
  orders: PythonOrder[];
  /** Number of orders without a certificate. */
  unfinished: number;
}

/** Above the number of names that upki-ra accepts in one order. */
const MAX_IDENTIFIERS = 1000;

/**
 * Reads an acme.db of upki-ra from a copy, because SQLite writes files next to a database even when it only reads. Rows that
 * cannot be read become remarks.
 * @throws the file system's or SQLite's error
 */
export async function readPythonRa(file: string, remark: Remark): Promise<PythonRaDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'upki-migrate-'));
  try {
    const copy = join(folder, 'acme.db');
    await copyFile(file, copy);
    // The write-ahead log holds commits that are not in the database file yet.
    await copyFile(`${file}-wal`, `${copy}-wal`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    const db = new DatabaseSync(copy);
    try {
      return read(db, remark);
    } finally {
      db.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function read(db: DatabaseSyncInstance, remark: Remark): PythonRaDatabase {
  const found: PythonRaDatabase = { accounts: [], orders: [], unfinished: 0 };
  for (const { id, data } of rows(db, 'accounts')) {
    const account = attempt(`account ${id}`, remark, () => readAccount(id, JSON.parse(data)));
    if (account) found.accounts.push(account);
  }
  for (const { id, data } of rows(db, 'orders')) {
    const order = attempt(`order ${id}`, remark, () => readOrder(id, JSON.parse(data)));
    if (order === 'unfinished') found.unfinished++;
    else if (order) found.orders.push(order);
  }
  return found;
}

function rows(db: DatabaseSyncInstance, table: 'accounts' | 'orders'): { id: string; data: string }[] {
  return db.prepare(`SELECT id, data FROM ${table} ORDER BY created_at, rowid`).all() as {
    id: string;
    data: string;
  }[];
}

type Members = Record<string, unknown>;

/** Reads an account. It keeps its id, so that the client's account URL stays valid. */
function readAccount(id: string, { jwk, contact, status, created_at }: Members): Account {
  checkId(id);
  const key = parseJwk(jwk);
  const createdAt = timeOf(created_at);
  return {
    id,
    jwk: key.jwk,
    thumbprint: key.thumbprint,
    contact: contactsOf(contact),
    // upki-ra created accounts only with agreement to the terms.
    termsAgreedAt: createdAt,
    externalAccount: null,
    createdAt,
    deactivatedAt: status === 'valid' ? null : createdAt,
    revokedAt: null,
    nodeId: null,
  };
}

function readOrder(id: string, order: Members): PythonOrder | 'unfinished' {
  const { account_id, identifiers, profile, created_at, certificate, status } = order;
  if (status !== 'valid' || typeof certificate !== 'string' || certificate === '') return 'unfinished';
  checkId(id);
  if (typeof account_id !== 'string') throw new Error('has no account');
  return {
    id,
    accountId: account_id,
    identifiers: parseIdentifiers(identifiers, MAX_IDENTIFIERS),
    profile: typeof profile === 'string' && profile !== '' ? profile : 'server',
    createdAt: timeOf(created_at),
    chain: certificate,
  };
}

/** Checks an id, which becomes part of URLs. */
function checkId(id: unknown): void {
  if (typeof id !== 'string' || !/^[A-Za-z0-9_-]{1,128}$/.test(id)) throw new Error('has no id of that RA');
}

/** upki-ra did not check contacts; invalid ones are left out. */
function contactsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((contact) => {
    try {
      return parseContacts([contact]);
    } catch (error) {
      if (error instanceof Problem) return [];
      throw error;
    }
  });
}

function timeOf(value: unknown): number {
  const at = typeof value === 'string' ? timeMember(value) : null;
  if (at === null) throw new Error('has no time of creation');
  return at;
}

function attempt<T>(what: string, remark: Remark, step: () => T): T | null {
  try {
    return step();
  } catch (error) {
    const why = error instanceof Problem ? error.detail : error instanceof Error ? error.message : error;
    remark(`${what}: ${why}; it was left out`);
    return null;
  }
}
