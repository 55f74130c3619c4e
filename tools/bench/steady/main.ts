import { generateKeyPairSync } from 'node:crypto';
import { parseArgs } from 'node:util';
import { CaRetention } from '../../../src/ca/retention.js';
import { DAY, HOUR } from '../../../src/lib/time.js';
import { AuditCutter } from '../../../src/programs/audit/cut.js';
import { keySigner } from '../../../src/programs/audit/signature.js';
import { RaRetention } from '../../../src/ra/retention.js';
import { optionsGiven, wholeNumber } from '../../kit/command-line.js';
import { anAccount, NOW } from '../../kit/facts.js';
import { openPostgres, openSqlite, type Weighed } from '../footprint/databases.js';
import { obtainSample, type Sample } from '../footprint/sample.js';
import { machine } from '../report.js';
import { issueDay } from './day.js';

const USAGE = `npm run tool steady -- [--days N] [--names N] [--keep DAYS] [--store sqlite|postgres]

Simulates certificates of six days, each renewed after four, in the stores of RA and CA, with the programs' removals. Exits with 1
if the databases still grow in the second half.

  --days N     number of days (365)
  --names N    number of names with certificates (1000)
  --keep DAYS  UPKI_KEEP_CERTIFICATES and UPKI_KEEP_AUDIT (90)
  --store      only this one
`;

interface Options {
  days: number;
  names: number;
  keep: number;
  store: string | undefined;
}

/** Null if help was requested. @throws TypeError, RangeError with the reason */
function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      days: { type: 'string', default: '365' },
      names: { type: 'string', default: '1000' },
      keep: { type: 'string', default: '90' },
      store: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  return {
    days: wholeNumber('days', values.days, 20, 10_000),
    names: wholeNumber('names', values.names, 4, 1_000_000),
    keep: wholeNumber('keep', values.keep, 1, 10_000),
    store: values.store,
  };
}

/** Days a certificate is valid, and days after which it is renewed. */
const LIFE = 6;
const RENEWED_AFTER = 4;
/** How much a database may still grow in the second half: pages are filled in a different order. */
const TOLERANCE = 1.05;

const { days, names, keep, store } = optionsGiven(readOptions, USAGE);
const say = (line: string) => process.stdout.write(`${line}\n`);
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Performs the removals of one day, step by step like the programs do. */
function removal(database: Weighed, clock: () => number): () => Promise<void> {
  const { ra, ca } = database;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signer = () => keySigner(key, sample.chain);
  const cutters = [
    new AuditCutter({ trail: ra, program: 'ra', signer, clock }),
    new AuditCutter({ trail: ca, program: 'ca', signer, clock }),
  ];
  const ofRa = new RaRetention({
    store: ra,
    keep: { certificates: keep * DAY, unusedAccounts: 90 * DAY, audit: null },
    accounts: { purge: async (before, limit) => (await ra.purgeAccounts(before, limit)).length },
  });
  const ofCa = new CaRetention(ca, keep * DAY);
  return async () => {
    while (await ofRa.step(clock()));
    while (await ofCa.step(clock()));
    for (const cutter of cutters) while (await cutter.step(clock() - keep * DAY));
    await ca.foldCounts(clock());
  };
}

/** True if the size of the database is steady. */
async function watch(open: () => Promise<Weighed>, sample: Sample): Promise<boolean> {
  const database = await open();
  let now = NOW;
  const remove = removal(database, () => now);
  const weigh = async () => {
    await database.settle();
    return database.onDisk();
  };
  try {
    const account = anAccount({ createdAt: now });
    await database.ra.createAccount(account);
    const sizes: number[] = [];
    for (let day = 0; day < days; day += 1) {
      now = NOW + day * DAY;
      await issueDay(database, { account, sample, now, life: LIFE * DAY, names, day, every: RENEWED_AFTER });
      now += 12 * HOUR;
      await remove();
      sizes.push(await weigh());
      if ((day + 1) % Math.ceil(days / 12) === 0) say(`  day ${day + 1}: ${megabytes(sizes.at(-1) ?? 0)}`);
    }
    const half = Math.max(...sizes.slice(0, Math.ceil(days / 2)));
    const end = Math.max(...sizes.slice(Math.ceil(days / 2)));
    const isSteady = end <= half * TOLERANCE;
    say(
      `${database.name}: ${megabytes(half)} at most in the first half, ${megabytes(end)} in the second: ${isSteady ? 'steady' : 'STILL GROWING'}`,
    );
    return isSteady;
  } finally {
    await database.close();
  }
}

const sample = await obtainSample();
say(machine());
say(`${days} days of certificates for ${LIFE} days at ${names} names, kept ${keep} days after their end`);
if (keep + LIFE > days / 3) say('note: what is kept fills a third of the time or more; the sizes say little');
let steady = true;
for (const [name, open] of [
  ['sqlite', openSqlite],
  ['postgres', openPostgres],
] as const) {
  if (store === undefined || store === name) steady = (await watch(open, sample)) && steady;
}
process.exitCode = steady ? 0 : 1;
