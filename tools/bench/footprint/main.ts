import { parseArgs } from 'node:util';
import { optionsGiven, wholeNumber } from '../../kit/command-line.js';
import { machine } from '../report.js';
import { openPostgres, openSqlite, type Size, type Weighed } from './databases.js';
import { fillAccounts, fillOrders } from './fill.js';
import { obtainSample } from './sample.js';

const USAGE = `npm run tool footprint -- [--orders N]

  --orders N   number of accounts, and of certificates, in each database (5000)
`;

/** Null if help was requested. @throws TypeError, RangeError with the reason */
function readCount(args: string[]): number | null {
  const { values } = parseArgs({
    args,
    options: { orders: { type: 'string', default: '5000' }, help: { type: 'boolean', default: false } },
  });
  return values.help ? null : wholeNumber('orders', values.orders, 1, 1_000_000_000);
}

const count = optionsGiven(readCount, USAGE);
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Measures how much `count` accounts, and then as many certificates, add to a database, and how long that takes. */
async function weigh(open: () => Promise<Weighed>): Promise<void> {
  const database = await open();
  try {
    const empty = await database.size(true);
    const accounts = await fillAccounts(database.ra, count);
    const registered = await database.size(true);
    const began = performance.now();
    await fillOrders(database.ra, database.ca, accounts, count, sample);
    const seconds = (performance.now() - began) / 1000;
    const asIs = await database.size(false);
    const packed = await database.size(true);
    say(`${database.name}, ${(count / seconds).toFixed(0)} certificates/s kept by the store alone`);
    say(`  an account     ${words(growth(empty, registered))}`);
    say(`  a certificate  ${words(growth(registered, asIs))}`);
    say(`  packed         ${words(growth(registered, packed))}`);
    if (asIs.log > 0) say(`  written ahead  ${Math.round((asIs.log - registered.log) / count)}`);
  } finally {
    await database.close();
  }
}

/** Bytes that each of `count` objects added, by table. */
function growth(before: Size, after: Size): [table: string, bytes: number][] {
  return Object.entries(after.tables)
    .map(([table, bytes]): [string, number] => [
      table,
      Math.round((bytes - (before.tables[table] ?? 0)) / count),
    ])
    .filter(([, bytes]) => bytes > 0);
}

function words(tables: [table: string, bytes: number][]): string {
  const sum = tables.reduce((total, [, bytes]) => total + bytes, 0);
  return `${sum} bytes: ${tables.map(([table, bytes]) => `${table} ${bytes}`).join(', ')}`;
}

const sample = await obtainSample();
say(machine());
say(
  `${count} accounts with a P-256 key and a contact, ${count} certificates for one name of ${sample.name.length} characters; ` +
    `CSR ${sample.csr.length}, leaf ${sample.leaf.length} (DER), chain ${sample.chain.length} bytes (PEM)`,
);
await weigh(openSqlite);
await weigh(openPostgres);
