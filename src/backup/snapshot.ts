import { backup, DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { StoreRefused, StoreUnavailable } from '../store/index.js';

/** Pages copied between two turns of the event loop: 4 MiB. */
const RATE = 1_000;

/**
 * One moment of a SQLite file that a program may be writing: taken when this is made, copied when there is time. The writer goes
 * on meanwhile; it only cannot shorten its write-ahead log.
 */
export class Snapshot {
  private constructor(
    private readonly db: DatabaseSyncInstance,
    private readonly path: string,
  ) {}

  /** @throws StoreUnavailable, StoreRefused naming the file */
  static take(path: string): Snapshot {
    try {
      const db = new DatabaseSync(path, { readOnly: true });
      // What is read first fixes the moment; the connection sees no later one until it is closed.
      db.exec('PRAGMA busy_timeout = 5000; BEGIN; SELECT count(*) FROM sqlite_schema');
      return new Snapshot(db, path);
    } catch (error) {
      throw new StoreUnavailable(`${path}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }

  /** Writes that moment to a file. @throws StoreRefused for a database that is damaged */
  async copyTo(target: string, onProgress: (done: number, of: number) => void): Promise<void> {
    await backup(this.db, target, {
      rate: RATE,
      progress: ({ totalPages, remainingPages }) => onProgress(totalPages - remainingPages, totalPages),
    });
    const complaint = integrityOf(target);
    if (complaint !== null) {
      throw new StoreRefused(
        `${this.path} is damaged (${complaint}): a backup of it would be of no use. Look at it with \`upki store check\`.`,
      );
    }
  }

  close(): void {
    this.db.close();
  }
}

/** What SQLite finds wrong with a file, the first of it; null when nothing is. */
export function integrityOf(path: string): string | null {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = db.prepare('PRAGMA integrity_check(1)').all() as { integrity_check: string }[];
    const [first] = rows.map((row) => row.integrity_check);
    return first === 'ok' ? null : (first ?? 'it cannot be read').replace(/\s+/g, ' ');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    db.close();
  }
}
