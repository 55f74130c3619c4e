import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';

/** Does some work while no other process, and nothing else here, does work under this file's lock. It ends with its process: it is SQLite's. */
export async function alone<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = new DatabaseSync(file);
  try {
    while (!taken(lock)) await pause(100);
    return await work();
  } finally {
    lock.close();
  }
}

/** False while another holds it. */
function taken(lock: DatabaseSyncInstance): boolean {
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && /locked/.test(error.message)) return false;
    throw error;
  }
}
