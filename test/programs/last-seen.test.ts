import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { LAST_SEEN } from '../../src/lib/last-seen.js';
import { pacedText } from '../../src/lib/paced-time.js';
import { REMOVED_BY } from '../../src/lib/purge.js';
import { HOUR, MINUTE } from '../../src/lib/time.js';
import {
  clockDoubt,
  type LastSeenWatch,
  restoredTo,
  trustClock,
  watchLastSeen,
} from '../../src/programs/last-seen.js';
import { type CaStore, markRestored, openCaStore } from '../../src/store/index.js';
import { parseCrl } from '../../src/x509/crl.js';
import { newFolder } from '../../tools/kit/folder.js';
import { createDatabase } from '../../tools/kit/postgres/database.js';
import { requestPem } from '../support/requests.js';
import { CaWorld } from '../support/world/ca.js';

/** A database of PostgreSQL that is behind what a program's folder has seen of it. */

const AN_HOUR_AGO = Date.now() - HOUR;
const crlNumber = (base64: string) => Number(parseCrl(Buffer.from(base64, 'base64')).number);

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function database(copyOf?: string): Promise<string> {
  const made = await createDatabase(copyOf);
  ending.push(made.drop);
  return made.url;
}

async function opened(url: string): Promise<CaStore> {
  const store = await openCaStore(url);
  ending.push(() => store.close());
  return store;
}

it('an older copy is refused by the start, and by no other once one has said that this is what there is; CRL numbers go on', async () => {
  const url = await database();
  const world = new CaWorld({ databaseUrl: url });
  ending.push(() => world.close());
  await world.start();
  await world.stop();
  const older = await database(url);
  await world.start();
  const client = await world.registered();
  await client.call('sign', { csr: requestPem(['app.example.test']) });
  const published = crlNumber(await client.call('generate_crl', {}));
  await world.stop();

  Object.assign(world.changes, { databaseUrl: older });
  await expect(world.start()).rejects.toThrow(
    /is behind: it is of 20.*It was restored, or a standby.*upki store restored -d /s,
  );
  const other = new CaWorld({ databaseUrl: older }, {}, world);
  ending.push(() => other.close());
  await expect(other.start()).rejects.toThrow(/is behind/);
  await markRestored(older, 'ca', { of: 0, at: Date.now() });
  await rm(join(world.dataDir, LAST_SEEN));
  await world.start();
  await other.start();
  const after = await world.registered('again.example.test');
  expect(crlNumber(await after.call('get_crl', {}))).toBeGreaterThan(published);
});

describe('a database that goes back while a program runs', () => {
  /** Somebody else counts on: what went back is soon as far as it was. */
  async function goneBack() {
    const [url, directory] = [await database(), newFolder()];
    const store = await opened(url);
    const lines: string[] = [];
    const log = { error: (line: string) => void lines.push(line) };
    const watch = (): Promise<LastSeenWatch> =>
      watchLastSeen({ store, directory, location: url, clock: Date.now, log: log as Pick<Logger, 'error'> });
    for (let n = 0; n < 3; n += 1) await (await watch()).stop();
    const running = await watch();
    expect(running.behind()).toBeNull();
    await store.putSetting('last seen', JSON.stringify({ count: 2, at: AN_HOUR_AGO }));
    await running.stop();
    for (let n = 0; n < 20; n += 1) await store.countSetting('last seen', { at: Date.now() });
    return { url, directory, store, lines, watch, running };
  }

  it('is reported once, and the next start refuses it however far others have counted since', async () => {
    const { lines, watch, running } = await goneBack();
    expect(running.behind()).toContain(`is behind: it is of ${new Date(AN_HOUR_AGO).toISOString()}`);
    expect(lines).toEqual([running.behind()]);
    await expect(watch()).rejects.toThrow(running.behind() ?? '');
  });

  it('is gone on with when somebody has said that this is what there is, as of the moment it had gone back to', async () => {
    const { url, directory, store, watch } = await goneBack();
    expect(await restoredTo(store, directory)).toBe(AN_HOUR_AGO);
    await markRestored(url, 'ca', { of: AN_HOUR_AGO, at: Date.now() + 1 });
    await (await watch()).stop();
  });
});

it('programs that count at the same moment never take each other for a database that went back', async () => {
  const url = await database();
  const [one, two] = [await opened(url), await opened(url)];
  const log = { error: (line: string) => expect.fail(line) } as unknown as Pick<Logger, 'error'>;
  const watch = (store: CaStore, directory: string) =>
    watchLastSeen({ store, directory, location: url, clock: Date.now, log });
  const folders = [newFolder(), newFolder()] as const;
  for (let n = 0; n < 5; n += 1) {
    const both = await Promise.all([watch(one, folders[0]), watch(two, folders[1])]);
    await Promise.all(both.map((each) => each.stop()));
    expect(both.map((each) => each.behind())).toEqual([null, null]);
  }
});

it.each([
  '',
  'not JSON',
  '{}',
  '{"count":"many","at":1}',
  '{"count":-1,"at":1}',
])('a count that nobody can read (%j) is told of, and is counted on from when somebody has said that this is what there is', async (unreadable) => {
  const [url, directory] = [await database(), newFolder()];
  const store = await opened(url);
  const log = { error: () => undefined } as unknown as Pick<Logger, 'error'>;
  const watch = () => watchLastSeen({ store, directory, location: url, clock: Date.now, log });
  await (await watch()).stop();
  await store.putSetting('last seen', unreadable);
  await expect(watch()).rejects.toThrow(/is behind: it is from before this was noted/);
  await markRestored(url, 'ca', { of: 0, at: Date.now() + 1 });
  for (let n = 0; n < 2; n += 1) await (await watch()).stop();
  expect(JSON.parse((await store.getSetting('last seen')) ?? '')).toMatchObject({ count: 4 });
});

describe('the clock of a command that removes data', () => {
  it('is trusted when a program has run by it for an hour, and is running', async () => {
    const store = await opened(await database());
    const now = Date.now();
    const seen = (at: number, even: number) => store.countSetting('last seen', { at, even });
    expect(await clockDoubt(store, now)).toMatch(/never/);
    await seen(now, 59 * MINUTE);
    expect(await clockDoubt(store, now)).toMatch(/has run by this clock for 59 minutes/);
    await seen(now, HOUR);
    expect(await clockDoubt(store, now)).toBeNull();
    expect(await clockDoubt(store, now + HOUR)).toMatch(
      /last on 20.*does not run, or one of the clocks was set/,
    );
    expect(await clockDoubt(store, now - HOUR)).toMatch(/last on 20/);
    await store.putSetting(REMOVED_BY, pacedText({ time: now - 2 * 24 * HOUR, at: now }));
    expect(await clockDoubt(store, now)).toMatch(
      /the program itself removes by age as of 20.*the clock was set/,
    );
    await trustClock(store, now);
    expect(await clockDoubt(store, now)).toBeNull();
  });
});
