import { backup, DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { errorMessage } from '../lib/error-message.js';
import { StoreRefused, StoreUnavailable } from '../store/index.js';

/** Pages copied in one turn of the event loop: 4 MiB. */
const RATE = 1_000;

/**
 * A snapshot of a SQLite file that another program may be writing. `take` fixes the moment; `copyTo` copies it later. The
 * writer continues meanwhile, but cannot truncate its write-ahead log.
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
      // The first read fixes the snapshot; the connection sees no later state until it is closed.
      db.exec('PRAGMA busy_timeout = 5000; BEGIN; SELECT count(*) FROM sqlite_schema');
      return new Snapshot(db, path);
    } catch (error) {
      throw new StoreUnavailable(`${path}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }

  /** Writes the snapshot to a file. @throws StoreRefused for a damaged database */
  async copyTo(target: string, onProgress: (done: number, of: number) => void): Promise<void> {
    await backup(this.db, target, {
      rate: RATE,
      progress: ({ totalPages, remainingPages }) => onProgress(totalPages - remainingPages, totalPages),
    });
    const complaint = integrityOf(target);
    if (complaint !== null) {
      throw new StoreRefused(
        `${this.path} is damaged (${complaint}): a backup of it would be useless. Check it with \`upki store check\`.`,
      );
    }
  }

  close(): void {
    this.db.close();
  }
}

/** The first fault that SQLite's integrity check finds; null when there is none. */
export function integrityOf(path: string): string | null {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = db.prepare('PRAGMA integrity_check(1)').all() as { integrity_check: string }[];
    const [first] = rows.map((row) => row.integrity_check);
    return first === 'ok' ? null : (first ?? 'it cannot be read').replace(/\s+/g, ' ');
  } catch (error) {
    return errorMessage(error);
  } finally {
    db.close();
  }
}
