import { StoreConflict } from '../contract/errors.js';
import type { StoreKind } from '../contract/open.js';
import { TableDigest } from './digest.js';
import { PostgresSource } from './postgres-source.js';
import type { Copied, CopyProgress } from './progress.js';
import { SqliteTarget } from './sqlite-target.js';

/**
 * Moves a program's data from PostgreSQL to a SQLite file, completely or not at all: every table is copied, read back
 * and compared; then the file is renamed to its place. The schema is marked as moved afterwards.
 * @throws StoreUnavailable when a program runs on the schema; StoreConflict when the file is in use, or the copy
 * differs
 */
export async function copyBack(
  fromUrl: string,
  kind: StoreKind,
  toPath: string,
  onProgress: (progress: CopyProgress) => void,
): Promise<Copied> {
  const source = await PostgresSource.open(fromUrl, kind);
  try {
    const target = SqliteTarget.open(toPath, kind);
    try {
      const tables: Copied['tables'] = [];
      for (const name of target.tables()) tables.push(await copyTable(source, target, name, onProgress));
      await target.finish();
      await source.markMoved(toPath, Date.now());
      return { kind, tables };
    } finally {
      target.close();
    }
  } finally {
    await source.close();
  }
}

async function copyTable(
  source: PostgresSource,
  target: SqliteTarget,
  name: string,
  onProgress: (progress: CopyProgress) => void,
): Promise<{ name: string; rows: number }> {
  const table = await source.table(name);
  if (table === null) throw new StoreConflict(`PostgreSQL has no table ${name}`);
  const { columns, rows: of } = table;
  target.prepare(name, columns);
  const read = new TableDigest();
  for await (const rows of source.rows(name, columns)) {
    for (const row of rows) read.add(row);
    target.insert(name, columns, rows);
    onProgress({ table: name, step: 'copied', rows: read.rows, of });
  }
  const held = target.digest(name, columns);
  if (!held.equals(read)) {
    throw new StoreConflict(
      `the table ${name} reads back differently from what was written: nothing was kept`,
    );
  }
  onProgress({ table: name, step: 'checked', rows: held.rows, of });
  return { name, rows: held.rows };
}
