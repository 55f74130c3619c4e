import type { StatementSyncInstance } from '@photostructure/sqlite';

/** Statements that are being stepped through. */
const held = new Set<StatementSyncInstance>();

/**
 * Iterates over the rows of a statement. The driver's own iterator does not keep its statement alive: when
 * that is collected between two rows, the process crashes with a segmentation fault (@photostructure/sqlite
 * 1.2.1).
 */
export function* eachRow<Row>(statement: StatementSyncInstance): Generator<Row> {
  held.add(statement);
  try {
    for (const row of statement.iterate()) yield row as Row;
  } finally {
    held.delete(statement);
  }
}
