import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runBatch } from '../../../src/store/sqlite/batch.js';
import { type Call, read, write } from '../../../src/store/sqlite/protocol.js';
import { Sql } from '../../../src/store/sqlite/sql.js';
import { newFolder } from '../../../tools/kit/folder.js';

const operations = {
  add: write((sql, value: string): string => {
    sql.run('INSERT INTO items VALUES (?)', value);
    return value;
  }),
  addTwiceAndThrow: write((sql, value: string): void => {
    sql.run('INSERT INTO items VALUES (?)', value);
    sql.run('INSERT INTO items VALUES (?)', `${value}!`);
    throw new Error('no');
  }),
  items: read((sql): string[] => sql.all<[string]>('SELECT value FROM items').map(([value]) => value)),
  broken: read((): never => {
    throw new Error('cannot read');
  }),
};

describe('a batch of calls', () => {
  let folder: string;
  let db: DatabaseSyncInstance;
  let sql: Sql;
  beforeEach(() => {
    folder = newFolder();
    db = new DatabaseSync(join(folder, 'items.db'));
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE items (value TEXT NOT NULL UNIQUE) STRICT');
    sql = new Sql(db);
  });
  afterEach(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });

  const run = (...calls: Call[]) => runBatch(sql, operations, calls);
  const items = () => run(['items', []]).results[0];
  const big = (name: string) => name.repeat(100_000);

  test('returns to each call its own result, and reads see the state before the batch', () => {
    const { results, failures } = run(['add', ['a']], ['items', []], ['add', ['b']]);
    expect(results).toEqual(['a', [], 'b']);
    expect(failures).toEqual([]);
    expect(items()).toEqual(['a', 'b']);
  });

  test('undoes only a write that throws and keeps the others', () => {
    const { results, failures } = run(
      ['add', ['a']],
      ['addTwiceAndThrow', ['x']],
      ['add', ['a']],
      ['add', ['b']],
    );
    expect(failures).toEqual([
      { index: 1, kind: 'fault', message: 'no' },
      { index: 2, kind: 'conflict', message: 'UNIQUE constraint failed: items.value' },
    ]);
    expect(results[3]).toBe('b');
    expect(items()).toEqual(['a', 'b']);
  });

  test('fails only a read that throws, or an unknown call', () => {
    const { results, failures } = run(['broken', []], ['nothing', []], ['items', []], ['add', ['a']]);
    expect(failures.map(({ index, kind }) => [index, kind])).toEqual([
      [0, 'fault'],
      [1, 'fault'],
    ]);
    expect(results.slice(2)).toEqual([[], 'a']);
  });

  test('fails every write and no read on a full disk, and writes again once there is space', () => {
    run(['add', ['before']]);
    db.exec('PRAGMA max_page_count = 20');
    const { results, failures } = run(['add', ['small']], ['add', [big('x')]], ['items', []]);
    expect(failures.map(({ index, kind }) => [index, kind])).toEqual([
      [0, 'unavailable'],
      [1, 'unavailable'],
    ]);
    expect(results[2]).toEqual(['before']);
    expect(items()).toEqual(['before']);
    db.exec('PRAGMA max_page_count = 1000000');
    expect(run(['add', [big('x')]]).failures).toEqual([]);
  });

  test('fails as a whole when the disk is found full while another write is undone', () => {
    db.exec('PRAGMA max_page_count = 20');
    const { failures } = run(['add', ['a']], ['addTwiceAndThrow', ['x']], ['add', [big('y')]]);
    expect(failures.map(({ kind }) => kind)).toEqual(['unavailable', 'unavailable', 'unavailable']);
    expect(items()).toEqual([]);
  });

  test('fails writes and serves reads while another process locks the database', () => {
    db.exec('PRAGMA busy_timeout = 0');
    const other = new DatabaseSync(join(folder, 'items.db'));
    other.exec('BEGIN IMMEDIATE');
    const { results, failures } = run(['add', ['a']], ['items', []]);
    expect(failures).toMatchObject([{ index: 0, kind: 'unavailable' }]);
    expect(results[1]).toEqual([]);
    other.exec('ROLLBACK');
    other.close();
    expect(run(['add', ['a']]).failures).toEqual([]);
  });
});
