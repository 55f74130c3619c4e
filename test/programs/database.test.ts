import { expect, it } from 'vitest';
import { openAtStart, sayDatabaseAway } from '../../src/programs/database.js';
import { CannotStart } from '../../src/programs/exit.js';
import { openRaStore } from '../../src/store/index.js';

it('a start without a reachable database server ends with the setting, the address and the reason, without the password', async () => {
  const said: string[] = [];
  // Port 1 of this machine: nothing listens.
  const place = {
    variable: 'UPKI_DATABASE_URL',
    location: 'postgres://upki:secret-word@127.0.0.1:1/pki',
    say: (sentence: string) => said.push(sentence),
  };
  const error = await openAtStart(openRaStore, place, 1).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CannotStart);
  expect(String(error)).toMatch(
    /UPKI_DATABASE_URL is .*127\.0\.0\.1:1\/pki: the database cannot be reached \(.*ECONNREFUSED/,
  );
  expect([String(error), ...said].join('\n')).not.toContain('secret-word');
});

it('an unreachable database is logged at once and then once a minute, in a line that names the setting', () => {
  const said: string[] = [];
  let now = 0;
  const away = sayDatabaseAway({ variable: 'UPKI_DATABASE_URL', say: (line) => said.push(line) }, () => now);
  for (now = 0; now < 150_000; now += 500) away(new Error('connect ECONNREFUSED'));
  expect(said).toEqual(
    Array(3).fill('the database is away; it is being opened again: connect ECONNREFUSED (UPKI_DATABASE_URL)'),
  );
  away(new Error('timeout'), 'background work waits for the database');
  expect(said.at(-1)).toBe('background work waits for the database: timeout (UPKI_DATABASE_URL)');
});
