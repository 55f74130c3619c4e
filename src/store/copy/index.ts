import { StoreConflict } from '../contract/errors.js';
import { shownLocation } from '../contract/location.js';
import { type Cell, TableDigest } from './digest.js';
import type { Copied, CopyProgress } from './progress.js';
import { CopySource, type SourceTable } from './source.js';
import { CopyTarget, type TargetTable } from './target.js';

/** Rows sent at a time: with a certificate in each, about a megabyte. */
const BATCH = 500;

export { copyBack } from './back.js';
export type { Copied, CopyProgress } from './progress.js';

/**
 * Moves a program's data from SQLite to PostgreSQL, completely or not at all: every table is copied, read back and
 * compared; then the copy is committed. The SQLite file is locked for writes meanwhile, and marked as moved
 * afterwards.
 * @throws StoreUnavailable, StoreTooNew; StoreConflict when the target has data already, or the copy differs
 */
export async function copyStore(
  fromPath: string,
  toUrl: string,
  onProgress: (progress: CopyProgress) => void,
): Promise<Copied> {
  const source = CopySource.open(fromPath);
  try {
    const target = await CopyTarget.open(toUrl, source.kind);
    try {
      const tables = source.tables();
      const filled: TargetTable[] = [];
      for (const table of tables) filled.push(await copyTable(source, target, table, onProgress));
      await target.finish(filled);
      source.markMoved(shownLocation(toUrl), Date.now());
      return { kind: source.kind, tables: tables.map(({ name, rows }) => ({ name, rows })) };
    } finally {
      await target.close();
    }
  } finally {
    source.close();
  }
}

async function copyTable(
  source: CopySource,
  target: CopyTarget,
  table: SourceTable,
  onProgress: (progress: CopyProgress) => void,
): Promise<TargetTable> {
  const { name, rows: of } = table;
  const prepared = await target.prepare(table);
  const sent = new TableDigest();
  let batch: Cell[][] = [];
  const send = async () => {
    if (batch.length > 0) await target.insert(prepared, batch);
    batch = [];
    onProgress({ table: name, step: 'copied', rows: sent.rows, of });
  };
  for (const row of source.rows({ ...table, columns: prepared.columns })) {
    sent.add(row);
    if (batch.push(row) === BATCH) await send();
  }
  await send();
  const held = await target.digest(prepared, (rows) =>
    onProgress({ table: name, step: 'checked', rows, of }),
  );
  if (!held.equals(sent)) {
    throw new StoreConflict(
      `the table ${name} reads back differently from what was written: nothing was kept`,
    );
  }
  return prepared;
}
