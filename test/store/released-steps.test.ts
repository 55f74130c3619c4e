import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { caMigrations as caInPostgres } from '../../src/store/postgres/ca/schema.js';
import { raMigrations as raInPostgres } from '../../src/store/postgres/ra/schema.js';
import { caMigrations as caInSqlite } from '../../src/store/sqlite/ca/schema.js';
import { raMigrations as raInSqlite } from '../../src/store/sqlite/ra/schema.js';

/** The released steps of each schema, and the digest of their SQL without comments and white space. */
const RELEASED = [
  ['the RA in SQLite', raInSqlite, 11, 'b7ed024dad1176e15cd931778f3d905b61f32ca1618f1c590bae25a55c62c722'],
  ['the CA in SQLite', caInSqlite, 15, '9a9d64074be698ff50c1cdf051682115042faa270f78945028f6685569588f68'],
  [
    'the RA in PostgreSQL',
    raInPostgres,
    11,
    '85644c3f7550dcee9a37231765554d5f1b4b0e29747e1e9e7bd5df65fe528649',
  ],
  [
    'the CA in PostgreSQL',
    caInPostgres,
    13,
    '31f1da2bf8d27318eb9233eb3c725173249c7b8adc6c403b3b2cce188cc34170',
  ],
] as const;

const bare = (step: unknown) =>
  String(typeof step === 'string' ? step : 'a function').replace(/--[^\n]*|\/\*.*?\*\/|\s+/g, '');

test.each(RELEASED)('the released steps of %s do not change', (...row) => {
  const [, steps, released, digest] = row;
  const text = steps.slice(0, released).map(bare).join('\n');
  expect(steps.length).toBeGreaterThanOrEqual(released);
  expect(createHash('sha256').update(text).digest('hex')).toBe(digest);
});
