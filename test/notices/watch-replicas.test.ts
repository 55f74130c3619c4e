import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../src/lib/time.js';
import { openRaStore } from '../../src/store/index.js';
import { createDatabase } from '../../tools/kit/postgres/database.js';
import { LATE, START, time, told, type World, watchOver } from './watched.js';

describe('three replicas on PostgreSQL', () => {
  it('announce each finding once among them', { timeout: 60_000 }, async () => {
    const database = await createDatabase();
    const stores = await Promise.all([1, 2, 3].map(() => openRaStore(database.url)));
    try {
      const world: World = {
        late: [LATE],
        auditFault: () => 'record 4 of chain 0',
        backupAt: async () => null,
        since: async () => 0,
        administrators: [{ dn: 'CN=eve', role: 'admin', addedAt: START }],
      };
      const watches = stores.map((each, index) => watchOver({ ...world, host: `host${index}` }, each).watch);
      for (let round = 0; round < 3; round += 1) {
        await Promise.all(watches.map((watch) => watch.look()));
        time.now += MINUTE;
      }
      const all = await told(stores[0]);
      expect(all.map(([type]) => type).sort()).toEqual([
        'administrator.added',
        'audit.broken',
        'backup.old',
        'certificate.not_renewed',
      ]);
    } finally {
      await Promise.all(stores.map((each) => each.close()));
      await database.drop();
    }
  });
});
