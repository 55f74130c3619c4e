import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { newCurveKeyPair } from '../../../src/channel/curve-keys.js';
import type { operations } from '../../../src/channel/tasks/index.js';
import type { TaskClient } from '../../../src/channel/typed-client.js';
import { type MigrationOptions, migrateFromPython } from '../../../src/python/migrate/from-python.js';
import type { Report } from '../../../src/python/migrate/report.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { CaWorld } from '../../support/world/ca.js';
import { PythonFolders } from './python-folders.js';

/** Python folders, and where they are to be brought. */
export interface MigrationWorld {
  python: PythonFolders;
  to: MigrationOptions['to'];
  /** Undone after the test, the last first. */
  ending: (() => unknown)[];
  migrate(changes?: Partial<MigrationOptions>): Promise<Report>;
  /** The imported CA at work, in clear mode. */
  serve(): Promise<TaskClient<typeof operations>>;
}

/** A world that is made anew for each test of the file. */
export function migrationWorld(): MigrationWorld {
  const world: MigrationWorld = {
    python: null as unknown as PythonFolders,
    to: { ca: '', ra: '', caDatabase: null, raDatabase: null },
    ending: [],
    migrate: (changes = {}) =>
      migrateFromPython({
        from: { ca: world.python.ca, ra: world.python.ra },
        to: world.to,
        passphrase: null,
        company: 'uPKI',
        progress: () => {},
        clock: Date.now,
        ...changes,
      }),
    serve: () => serve(world),
  };
  beforeEach(async () => {
    const python = new PythonFolders();
    const path = newFolder();
    world.python = python;
    world.to = { ca: join(path, 'ca'), ra: join(path, 'ra'), caDatabase: null, raDatabase: null };
    world.ending.push(() => python.remove());
  });
  afterEach(async () => {
    for (const end of world.ending.splice(0).reverse()) await end();
  });
  return world;
}

/** How many of each kind came over in this run, and how many had before. */
export const imported = ({ counts }: Report) =>
  Object.fromEntries([...counts].map(([what, count]) => [what, [count.imported, count.already]]));

async function serve({ to, ending }: MigrationWorld): Promise<TaskClient<typeof operations>> {
  const ca = new CaWorld({ dataDir: to.ca, mode: 'clear', registrationPort: null, publicUrl: null });
  ending.push(() => ca.close());
  await ca.start();
  return ca.operations(newCurveKeyPair(), null);
}
