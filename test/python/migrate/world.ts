import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach } from 'vitest';
import { ChannelClient } from '../../../src/channel/client.js';
import { operations } from '../../../src/channel/tasks/index.js';
import { TaskClient } from '../../../src/channel/typed-client.js';
import { runCa } from '../../../src/programs/ca/program.js';
import { type MigrationOptions, migrateFromPython } from '../../../src/python/migrate/from-python.js';
import type { Report } from '../../../src/python/migrate/report.js';
import { temporaryFolder } from '../../support/folder.js';
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
    const { path, remove } = await temporaryFolder();
    world.python = python;
    world.to = { ca: join(path, 'ca'), ra: join(path, 'ra'), caDatabase: null, raDatabase: null };
    world.ending.push(() => python.remove(), remove);
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
  const ca = await runCa({
    ...{ dataDir: to.ca, host: '127.0.0.1', operationsPort: 0, registrationPort: null, mode: 'clear' },
    ...{ clearAny: false, databaseUrl: null, seed: null, passphrase: null, company: null, publicUrl: null },
    adminsByRa: true,
    ...{ crlValidity: 86_400_000, ocspValidity: 3_600_000, log: pino({ level: 'silent' }) },
  });
  const endpoint = `tcp://127.0.0.1:${ca.operationsPort}`;
  const client = new ChannelClient({ endpoint, security: { mode: 'clear' } });
  ending.push(ca.close, () => client.close());
  return new TaskClient(operations, client);
}
