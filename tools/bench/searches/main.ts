import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { CertificateQuery } from '../../../src/store/contract/ca/certificate-query.js';
import type { CertificateRecord } from '../../../src/store/contract/ca.js';
import { optionsGiven, wholeNumber } from '../../kit/command-line.js';
import { machine } from '../report.js';
import { type Filled, postgres, sqlite } from './stores.js';

const USAGE = `npm run tool searches -- [--certificates N] [--store sqlite|postgres|both]

  --certificates N   in each store (1000000)
  --store            which (both)

Fills a store and measures the first page of each search of \`upki cert list\`, and a page far behind it.
`;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const GROUP = 2_000;
const PAGE = 50;
const RUNS = 15;

function read(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      certificates: { type: 'string', default: '1000000' },
      store: { type: 'string', default: 'both' },
      help: { type: 'boolean', default: false },
    },
  });
  if (!['sqlite', 'postgres', 'both'].includes(values.store))
    throw new RangeError(`--store is "${values.store}": sqlite, postgres or both is wanted`);
  return values.help
    ? null
    : { count: wholeNumber('certificates', values.certificates, 1_000, 100_000_000), store: values.store };
}

const { count, store } = optionsGiven(read, USAGE);
const say = (line: string) => process.stdout.write(`${line}\n`);
const now = Date.now();

/** Certificates of sixty days, issued evenly until now; every 40th name has a second one. */
function record(index: number): CertificateRecord {
  const host = index % 40 === 39 ? index - 1 : index;
  const value = `host${host}.site${host % 1_000}.example.internal`;
  const issuedAt = Math.floor(now - 70 * DAY + (70 * DAY * index) / count);
  const revoked = index % 100 === 0;
  return {
    serial: `4${randomBytes(16).toString('hex').slice(1)}`,
    cn: value,
    dn: `/CN=${value}`,
    profile: index % 50 === 0 ? 'webapp' : 'server',
    identifiers: [
      { type: 'dns', value },
      ...(index % 10 === 0
        ? [{ type: 'ip', value: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}` }]
        : []),
    ],
    der: randomBytes(600),
    notBefore: issuedAt,
    notAfter: issuedAt + 60 * DAY,
    orderId: `${index}`,
    accountId: `account-${index % 5_000}`,
    issuedAt,
    revokedAt: revoked ? now : null,
    reason: revoked ? (index % 1_000 === 0 ? 6 : 4) : null,
    deletedAt: null,
    issuer: index % 10 === 0 ? 'next' : '',
  };
}

async function fill({ add }: Filled): Promise<string> {
  const began = performance.now();
  let last = '';
  for (let first = 0; first < count; first += GROUP) {
    const group = Array.from({ length: Math.min(GROUP, count - first) }, (_, index) => record(first + index));
    await add(group);
    last = group.at(-1)?.serial ?? last;
    if (first % (GROUP * 100) === 0 && first > 0)
      say(`  ${first} of ${count} after ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  return last;
}

const middle = Math.floor(count / 2);
const SEARCHES: [said: string, query: CertificateQuery][] = [
  ['all', {}],
  [`host${middle}.site….internal`, { name: `host${middle}.site${middle % 1_000}.example.internal` }],
  ["'host12*'", { name: 'host12*' }],
  ["'*.site7.example.internal'", { name: '*.site7.example.internal' }],
  ["'*te77.exam*', inside", { name: '*te77.exam*' }],
  ["'*nothing*'", { name: '*nothing*' }],
  ['10.1.0.0/16', { name: '10.1.0.0/16' }],
  ['--account', { account: 'account-77' }],
  ['--profile webapp', { profile: 'webapp' }],
  ['--profile none', { profile: 'none' }],
  ['--issuer', { issuers: ['next'] }],
  ['--issuer --state revoked', { issuers: ['next'], state: 'revoked' }],
  ['--issuer none', { issuers: ['none'] }],
  ['--state good', { state: 'good' }],
  ['--state held', { state: 'held' }],
  ['--state revoked', { state: 'revoked' }],
  ['--state expired', { state: 'expired' }],
  ['--expires-in 14d', { state: 'good', expiresAfter: now, expiresBefore: now + 14 * DAY }],
  [
    '--expires-in 14d --not-renewed',
    { state: 'good', expiresAfter: now, expiresBefore: now + 14 * DAY, notRenewed: true },
  ],
];

/** Milliseconds of each run, in ascending order. */
async function timed(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return times.sort((one, other) => one - other);
}

const shown = (times: readonly number[]) =>
  [times[Math.floor(times.length / 2)], times.at(-1)]
    .map((each) => (each ?? 0).toFixed(1).padStart(8))
    .join('');

async function measure(open: () => Promise<Filled>): Promise<void> {
  const filled = await open();
  const { name, ca, settle, close } = filled;
  try {
    say(`\n${name}: ${count} certificates`);
    const serial = await fill(filled);
    await settle();
    say(
      `  ${''.padEnd(34)}  median  longest   (first page of ${PAGE}, ms)   median  longest   (100 pages on)`,
    );
    for (const [said, query] of SEARCHES) {
      const page = (after: string | null) => ca.searchCertificates({ after, limit: PAGE, now, query });
      const first = await timed(() => page(null));
      let at: string | null = null;
      for (let pages = 0; pages < 100; pages += 1) {
        const { next } = await page(at);
        if (next === null) break;
        at = next;
      }
      const later = await timed(() => page(at));
      say(`  ${said.padEnd(34)}${shown(first)}${''.padEnd(28)}${shown(later)}`);
    }
    say(`  ${'--serial'.padEnd(34)}${shown(await timed(() => ca.findBySerial(serial)))}`);
    say(
      `  ${'counts of upki status'.padEnd(34)}${shown(await timed(() => Promise.all([ca.countCertificates(now), ca.countEnding(now, now + 14 * DAY), ca.countNotRenewed(now)])))}`,
    );
  } finally {
    await close();
  }
}

say(machine());
if (store !== 'postgres') await measure(sqlite);
if (store !== 'sqlite') await measure(postgres);
