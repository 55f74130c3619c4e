import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { redacted } from '../../../src/config/index.js';
import { CannotStart } from '../../../src/programs/exit.js';
import {
  acmeSettingsOf,
  compromisedKeysOf,
  limitsOf,
  policyOf,
  validatorOptionsOf,
} from '../../../src/programs/ra/policy.js';
import { RunningRules } from '../../../src/programs/ra/reload.js';
import { loadProgramSettings, type ProgramSettings } from '../../../src/programs/settings.js';
import { Limits } from '../../../src/ra/limits/limits.js';
import { LocalAllowances } from '../../../src/ra/limits/local-allowances.js';
import { NamePolicy } from '../../../src/ra/name-policy.js';
import { openRaStore, type RaStore } from '../../../src/store/index.js';
import { ChangeableValidator } from '../../../src/va/changeable.js';
import { type DnsServer, startDns } from '../../../tools/kit/dns-server.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';
import { DIGEST, request } from '../../va/world.js';

const KEY = 'ab'.repeat(32);
const folder = newFolder();
let database: Awaited<ReturnType<typeof createDatabase>>;
const open: { stop(): Promise<void> }[] = [];
const servers: DnsServer[] = [];
beforeAll(async () => {
  database = await createDatabase();
}, 60_000);
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});
afterAll(async () => {
  for (const each of servers) await each.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** An RA as far as its rules go, with a folder and a file of its own. */
async function replica(
  name: string,
  location: string,
  own: Record<string, string> = {},
  {
    profiles = ['server', 'webapp'],
    mode = 'serve' as 'serve' | 'command',
    asked = () => Promise.resolve(),
  } = {},
) {
  const dataDir = join(folder, name);
  const write = (settings: Record<string, string>) =>
    writeFileSync(join(dataDir, 'config.json'), JSON.stringify(settings));
  mkdirSync(dataDir, { recursive: true });
  write(own);
  const { settings } = loadProgramSettings('ra', process.env, { dataDir });
  const store: RaStore = await openRaStore(location);
  const allowances = new LocalAllowances(store, () => undefined);
  const limits = new Limits(allowances, limitsOf(settings), Date.now);
  const options = (of: ProgramSettings) => ({ ...validatorOptionsOf(of, null), timeout: 2_000 });
  const validator = new ChangeableValidator(options(settings));
  validator.start();
  const policy = policyOf(settings, 'https://terms.test');
  const served = acmeSettingsOf(settings);
  const shown = redacted(settings, 'ra');
  let isListed = compromisedKeysOf(settings);
  const logged: string[] = [];
  const rules = new RunningRules({
    ...{ store, dataDir, policy, served, shown, limits, validator },
    front: acmeSettingsOf,
    validatorOptions: options,
    terms: () => 'https://terms.test',
    useCompromised: (listed) => {
      isListed = listed;
    },
    async check({ profile }) {
      await asked();
      if (!profiles.includes(profile)) throw new CannotStart(`the CA has no profile ${profile}`);
    },
    log: pino({ level: 'warn' }, { write: (line) => logged.push(line) }),
  });
  open.push({
    async stop() {
      rules.stop();
      validator.stop();
      await store.close();
    },
  });
  await rules.start(mode);
  const isDenied = (value: string) => {
    try {
      new NamePolicy(policy).check([{ type: 'dns', value }]);
      return false;
    } catch {
      return true;
    }
  };
  const orders = async () => {
    for (let made = 0; made < 100; made += 1) {
      const refused = await limits
        .newOrder({ id: 'account' } as never, [{ type: 'dns', value: 'a.test' }], null, '192.0.2.1')
        .catch((error) => error);
      if (refused) return made;
    }
    return 100;
  };
  const proves = async () => (await validator.validate(request({ type: 'dns-01' }))).ok;
  const isCompromised = () => isListed(Buffer.from(KEY, 'hex').toString('base64url'));
  return { rules, write, isDenied, orders, proves, isCompromised, served, policy, shown, logged, store };
}

/** A DNS server that knows the proof, or none. */
async function dns(knows: boolean): Promise<string> {
  const zone = knows ? { 'TXT _acme-challenge.app.example.test': { records: [{ txt: [DIGEST] }] } } : {};
  const server = await startDns(zone);
  servers.push(server);
  return `${server.host}:${server.port}`;
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'it was accepted',
    (error: Error) => error.message,
  );

describe('rules stored in the database', () => {
  it('count at every RA of it: lists, limits, resolvers, profile, bindings, compromised keys', async () => {
    const [empty, knowing] = [await dns(false), await dns(true)];
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) =>
        replica(name, database.url, { va_resolvers: empty, va_caa: 'off', deny: 'own.test' }),
      ),
    );
    if (!one || !two) throw new Error('two were opened');
    expect([one.isDenied('a.own.test'), two.isDenied('a.kept.test'), await two.proves()]).toEqual([
      true,
      false,
      false,
    ]);
    await one.rules.change({
      settings: {
        UPKI_RA_DENY: 'kept.test',
        UPKI_RA_LIMIT_ORDERS: '3',
        UPKI_VA_RESOLVERS: knowing,
        UPKI_RA_PROFILE: 'webapp',
        UPKI_RA_EAB_REQUIRED: 'true',
      },
      compromisedKeys: [KEY],
    });
    const state = async ({ isDenied, proves, isCompromised, served, policy, shown }: typeof one) => ({
      denied: [isDenied('a.kept.test'), isDenied('a.own.test')],
      proves: await proves(),
      compromised: isCompromised(),
      required: [served.externalAccounts.required, policy.bindingRequired],
      profile: policy.defaultProfile,
      shown: shown.UPKI_RA_DENY,
    });
    const wanted = {
      ...{ denied: [true, false], proves: true, compromised: true, required: [true, true] },
      ...{ profile: 'webapp', shown: 'kept.test' },
    };
    expect(await state(one)).toEqual(wanted);
    await expect.poll(() => state(two), { timeout: 10_000 }).toEqual(wanted);
    expect([await one.orders(), await two.orders()]).toEqual([3, 3]);
    const { settings, compromisedKeys } = await two.rules.list();
    expect(settings.find(({ name }) => name === 'UPKI_RA_DENY')).toEqual({
      name: 'UPKI_RA_DENY',
      value: 'kept.test',
      kept: 'kept.test',
    });
    expect(compromisedKeys).toEqual([KEY]);

    // A third one that starts now has them, too.
    expect(await state(await replica('three', database.url))).toEqual({ ...wanted });
    await two.rules.change({ settings: { UPKI_RA_DENY: null }, compromisedKeys: [] });
    await expect
      .poll(() => [one.isDenied('a.kept.test'), one.isDenied('a.own.test'), one.isCompromised()], {
        timeout: 10_000,
      })
      .toEqual([false, true, false]);
  }, 60_000);

  it.each([
    [{ UPKI_RA_DENY: 'not a name!' }, 'UPKI_RA_DENY'],
    [{ UPKI_RA_LIMIT_ORDERS: '-1' }, 'UPKI_RA_LIMIT_ORDERS'],
    [{ UPKI_VA_RESOLVERS: 'nowhere:port' }, 'UPKI_VA_RESOLVERS'],
    [{ UPKI_VA_DENY: '10.0.0.0/99' }, 'UPKI_VA_DENY'],
    [{ UPKI_RA_PROFILE: 'nope' }, 'no profile nope'],
    [{ UPKI_RA_PORT: '1' }, 'is no rule'],
    [{ PATH: '/evil' }, 'is no rule'],
    [{ UPKI_DATABASE_URL: 'sqlite:x' }, 'is no rule'],
  ])('that are wrong are refused by name and change nothing, not what is right beside them: %j', async (settings, why) => {
    const one = await replica('wrong', join(folder, 'wrong.db'));
    const work = one.rules.change({ settings: { UPKI_RA_ALLOW: 'good.test', ...settings } });
    expect(await refusal(work)).toContain(why);
    expect(one.isDenied('other.test')).toBe(false);
    expect((await one.rules.list()).settings.filter(({ kept }) => kept !== null)).toEqual([]);
    expect(await refusal(one.rules.change({ compromisedKeys: ['xyz'] }))).toContain('SHA-256');
  });

  it('are all stored when several RAs, and several requests of one, change them at once', async () => {
    const shared = await createDatabase();
    try {
      const [one, two] = await Promise.all(['lost-1', 'lost-2'].map((name) => replica(name, shared.url)));
      if (!one || !two) throw new Error('two were opened');
      const wanted = {
        UPKI_RA_DENY: 'kept.test',
        UPKI_RA_LIMIT_ORDERS: '7',
        UPKI_RA_PROFILE: 'webapp',
        UPKI_RA_ALLOW: 'good.test',
        UPKI_RA_EAB_REQUIRED: 'true',
      };
      await Promise.all(
        Object.entries(wanted).map(([name, value], index) =>
          (index % 2 === 0 ? one : two).rules.change({ settings: { [name]: value } }),
        ),
      );
      const { settings } = await two.rules.list();
      const kept = settings.flatMap(({ name, kept }) => (kept === null ? [] : [[name, kept]]));
      expect(Object.fromEntries(kept)).toEqual(wanted);
      for (const each of open.splice(0)) await each.stop();
    } finally {
      await shared.drop();
    }
  }, 60_000);

  it('are all stored when a CA answers one RA only after another RA has changed them, however long that takes', async () => {
    const shared = await createDatabase();
    try {
      let answer = () => {};
      let begun = () => {};
      const beginning = new Promise<void>((resolve) => {
        begun = resolve;
      });
      const answered = new Promise<void>((resolve) => {
        answer = resolve;
      });
      const asked = () => {
        begun();
        return answered;
      };
      const slow = await replica('slow-ca', shared.url, {}, { asked });
      const quick = await replica('quick-ca', shared.url);
      const changing = slow.rules.change({ settings: { UPKI_RA_DENY: 'slow.test' } });
      await beginning;
      await quick.rules.change({ settings: { UPKI_RA_ALLOW: 'quick.test' } });
      answer();
      await changing;
      const { settings } = await quick.rules.list();
      const kept = settings.flatMap(({ name, kept }) => (kept === null ? [] : [[name, kept]]));
      expect(Object.fromEntries(kept)).toEqual({ UPKI_RA_ALLOW: 'quick.test', UPKI_RA_DENY: 'slow.test' });
      for (const each of open.splice(0)) await each.stop();
    } finally {
      await shared.drop();
    }
  });

  it('prevent a start when they are no longer valid; a command still corrects them, and a running RA keeps its old ones', async () => {
    const location = join(folder, 'no-more.db');
    const before = await replica('no-more', location);
    await before.rules.change({ settings: { UPKI_RA_PROFILE: 'webapp' } });
    for (const each of open.splice(0)) await each.stop();
    const left = { profiles: ['server'] };
    const refused = await refusal(replica('no-more', location, {}, left));
    expect(refused).toMatch(/database keeps a rule .*no profile webapp.*upki rules/);
    for (const each of open.splice(0)) await each.stop();
    const command = await replica('no-more', location, {}, { ...left, mode: 'command' });
    expect(command.logged.join('')).toContain('no profile webapp');
    expect(command.policy.defaultProfile).not.toBe('webapp');
    await command.rules.change({ settings: { UPKI_RA_PROFILE: null } });
    for (const each of open.splice(0)) await each.stop();
    const after = await replica('no-more', location, { deny: 'old.test' }, left);
    expect(await refusal(after.rules.change({ settings: { UPKI_RA_PROFILE: 'webapp' } }))).toContain(
      'the old rules are kept',
    );
    expect(after.isDenied('a.old.test')).toBe(true);
  });

  it('survive a restart of an RA on SQLite', async () => {
    const location = join(folder, 'alone.db');
    const before = await replica('alone', location);
    await before.rules.change({ settings: { UPKI_RA_DENY: 'kept.test' } });
    for (const each of open.splice(0)) await each.stop();
    expect((await replica('alone', location)).isDenied('kept.test')).toBe(true);
  });
});

describe('upki reload', () => {
  it('reloads limits, lists and resolvers from the RA’s own file', async () => {
    const [empty, knowing] = [await dns(false), await dns(true)];
    const one = await replica('own', join(folder, 'own.db'), { va_resolvers: empty, va_caa: 'off' });
    expect([await one.proves(), one.isDenied('x.new.test')]).toEqual([false, false]);
    one.write({ va_resolvers: knowing, va_caa: 'off', deny: 'new.test', limit_orders: '2' });
    await one.rules.reload();
    expect([await one.proves(), one.isDenied('x.new.test'), await one.orders()]).toEqual([true, true, 2]);
  });

  it('keeps every old rule when one is wrong, and names it', async () => {
    const one = await replica('bad', join(folder, 'bad.db'), { deny: 'old.test' });
    one.write({ deny: 'new.test', limit_orders: 'many' });
    expect(await refusal(one.rules.reload())).toMatch(/limit_orders|LIMIT_ORDERS/);
    expect([one.isDenied('old.test'), one.isDenied('new.test')]).toEqual([true, false]);
    expect(await one.orders()).toBe(100);
  });

  it('at one RA has every other of the database read its own files, which keeps its old rules where one is wrong', async () => {
    const shared = await createDatabase();
    try {
      const [asked, good, bad] = await Promise.all(
        ['asked', 'good', 'bad'].map((name) => replica(`all-${name}`, shared.url)),
      );
      good?.write({ deny: 'new.test' });
      bad?.write({ deny: 'new.test', limit_orders: 'many' });
      await asked?.rules.reload();
      await expect.poll(() => good?.isDenied('new.test'), { timeout: 10_000 }).toBe(true);
      await expect.poll(() => bad?.logged.join(''), { timeout: 10_000 }).toContain('the old rules are kept');
      expect(bad?.isDenied('new.test')).toBe(false);
      for (const each of open.splice(0)) await each.stop();
    } finally {
      await shared.drop();
    }
  }, 60_000);
});
