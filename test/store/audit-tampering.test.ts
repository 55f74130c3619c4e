import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRaStore } from '../../src/store/open.js';
import { type AuditVerdict, linkHash, verifyAudit } from '../../src/store/rows/audit-chain.js';
import { NOW } from '../../tools/kit/facts.js';
import { newFolder } from '../../tools/kit/folder.js';

let folder: string;
let path: string;
let before: AuditVerdict;

/** Ten records. */
beforeEach(async () => {
  folder = newFolder();
  path = join(folder, 'ra.db');
  const store = await openRaStore(path);
  for (let index = 1; index <= 10; index += 1) {
    const entry = { at: NOW + index, who: 'CN=alice', from: '192.0.2.1', action: 'a.b', outcome: 'success' };
    await store.appendAudit({ ...entry, details: { index } });
  }
  before = await verifyAudit(store);
  await store.close();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What somebody does who may write the file. */
function tamper(statements: string): void {
  const db = new DatabaseSync(path);
  db.exec(`DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_deleted; ${statements}`);
  db.close();
}

async function verdict(noted: AuditVerdict['heads'] = []): Promise<AuditVerdict> {
  const store = await openRaStore(path);
  const found = await verifyAudit(store, noted);
  await store.close();
  return found;
}

const at = (sequence: number) => ({ fault: { position: { chain: 0, sequence } } });

describe('the verification of an audit log', () => {
  it('passes for an unchanged log and returns its count and head', async () => {
    const found = await verdict();
    expect(found).toEqual(before);
    expect(found).toMatchObject({ records: 10, heads: [{ chain: 0, sequence: 10 }], fault: null });
  });

  it.each([
    [
      'an entry was changed',
      `UPDATE audit SET entry = replace(entry, 'alice', 'mallory') WHERE sequence = 4`,
      4,
    ],
    ['a hash was changed', `UPDATE audit SET hash = zeroblob(32) WHERE sequence = 4`, 4],
    ['the first record was removed', 'DELETE FROM audit WHERE sequence = 1', 1],
    ['a record in the middle was removed', 'DELETE FROM audit WHERE sequence = 5', 5],
    [
      'a record in the middle was removed and the rest renumbered',
      `DELETE FROM audit WHERE sequence = 5; UPDATE audit SET sequence = sequence - 1 WHERE sequence > 5`,
      5,
    ],
    [
      'two records were exchanged',
      `UPDATE audit SET sequence = 100 WHERE sequence = 3; UPDATE audit SET sequence = 3 WHERE sequence = 7;
       UPDATE audit SET sequence = 7 WHERE sequence = 100`,
      3,
    ],
    [
      'the entries of two records were exchanged',
      `UPDATE audit SET entry = (SELECT entry FROM audit b WHERE b.sequence = 15 - audit.sequence)
       WHERE sequence IN (7, 8)`,
      7,
    ],
    [
      'a record was copied to the end',
      `INSERT INTO audit SELECT chain, 11, entry, hash FROM audit WHERE sequence = 10`,
      11,
    ],
    ['a record was moved to another chain', 'UPDATE audit SET chain = 1 WHERE sequence = 10', 1],
  ])('names the first bad record when %s', async (_, statements, sequence) => {
    tamper(statements);
    const found = await verdict();
    expect(found.fault?.position.sequence).toBe(sequence);
  });

  it('names the record after a forged one with a matching hash', async () => {
    const db = new DatabaseSync(path);
    const read = (sequence: number) =>
      db.prepare('SELECT entry, hash FROM audit WHERE sequence = ?').get(sequence) as {
        entry: string;
        hash: Uint8Array;
      };
    const entry = read(4).entry.replace('alice', 'mallory');
    const hash = linkHash(read(3).hash, { chain: 0, sequence: 4 }, entry).toString('hex');
    db.close();
    tamper(`UPDATE audit SET entry = '${entry}', hash = x'${hash}' WHERE sequence = 4`);
    expect(await verdict()).toMatchObject(at(5));
  });

  it('finds records cut off the end only if the head was noted', async () => {
    tamper('DELETE FROM audit WHERE sequence > 7');
    expect(await verdict()).toMatchObject({ records: 7, fault: null });
    expect(await verdict(before.heads)).toMatchObject(at(10));
  });

  it('distinguishes a rewritten log from the one whose head was noted', async () => {
    const [head] = before.heads;
    const db = new DatabaseSync(path);
    const rows = db.prepare('SELECT entry FROM audit ORDER BY sequence').all() as { entry: string }[];
    db.close();
    let hash: Uint8Array = new Uint8Array(32);
    const forged = rows.map(({ entry }, index) => {
      const text = entry.replace('alice', 'mallory');
      hash = linkHash(hash, { chain: 0, sequence: index + 1 }, text);
      return `UPDATE audit SET entry = '${text}', hash = x'${Buffer.from(hash).toString('hex')}' WHERE sequence = ${index + 1}`;
    });
    tamper(forged.join(';'));
    expect(await verdict()).toMatchObject({ records: 10, fault: null });
    expect(await verdict(head ? [head] : [])).toMatchObject(at(10));
  });

  it('continues after a noted head as the log grows', async () => {
    const store = await openRaStore(path);
    await store.appendAudit({ at: NOW, who: 'x', from: 'y', action: 'a.b', outcome: 'success', details: {} });
    expect(await verifyAudit(store, before.heads)).toMatchObject({ records: 11, fault: null });
    await store.close();
  });
});

describe('the database of an audit log', () => {
  it.each([
    "UPDATE audit SET entry = '{}' WHERE sequence = 1",
    'DELETE FROM audit',
    "INSERT OR REPLACE INTO audit VALUES (0, 1, '{}', x'00')",
  ])('refuses %j: the log is append-only', (statement) => {
    const db = new DatabaseSync(path);
    // REPLACE deletes a row without its triggers unless they are asked for; no statement of ours replaces.
    db.exec('PRAGMA recursive_triggers = ON');
    expect(() => db.exec(statement)).toThrow(/append-only/);
    db.close();
  });
});
