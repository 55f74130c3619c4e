import { DatabaseSync } from '@photostructure/sqlite';
import { expect, it } from 'vitest';
import { eachRow } from '../../../src/store/sqlite/each-row.js';
import { collectGarbage } from '../../support/garbage.js';

it('every row is read even if garbage is collected between them', async () => {
  const db = new DatabaseSync(':memory:');
  db.exec(`CREATE TABLE t (a);
    WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 500) INSERT INTO t SELECT x FROM c`);
  let rows = 0;
  for (const row of eachRow<{ a: number }>(db.prepare('SELECT a FROM t'))) {
    rows += 1;
    expect(row.a).toBe(rows);
    if (rows % 50 === 0) await collectGarbage();
  }
  expect(rows).toBe(500);
  db.close();
});
