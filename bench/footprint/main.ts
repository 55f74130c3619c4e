import { parseArgs } from 'node:util';
import { machine } from '../report.js';
import { openPostgres, openSqlite, type Size, type Weighed } from './databases.js';
import { fillAccounts, fillOrders } from './fill.js';
import { obtainSample } from './sample.js';

const USAGE = `npm run footprint -- [--orders N]

  --orders N   accounts made, and certificates ordered, in each database (5000)
`;

const { values: given } = parseArgs({
  options: { orders: { type: 'string', default: '5000' }, help: { type: 'boolean', default: false } },
});
if (given.help) {
  process.stdout.write(USAGE);
  process.exit();
}
const count = Number(given.orders);
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Weighs what `count` accounts, and then as many certificates, add to a database, and how fast it took them. */
async function weigh(open: () => Promise<Weighed>): Promise<void> {
  const database = await open();
  try {
    const each = (after: Size, before: Size) => ({
      ra: Math.round((after.ra - before.ra) / count),
      ca: Math.round((after.ca - before.ca) / count),
      log: Math.round((after.log - before.log) / count),
    });
    const empty = await database.size(true);
    const accounts = await fillAccounts(database.ra, count);
    const registered = await database.size(true);
    const began = performance.now();
    await fillOrders(database.ra, database.ca, accounts, count, sample);
    const seconds = (performance.now() - began) / 1000;
    const issued = each(await database.size(false), registered);
    const packed = each(await database.size(true), registered);
    say(
      `${database.name}: an account ${each(registered, empty).ra} bytes; a certificate ` +
        `${issued.ra} at the RA and ${issued.ca} at the CA, packed ${packed.ra} and ${packed.ca}` +
        `${issued.log > 0 ? `; written ahead for it ${issued.log}` : ''}; ` +
        `${(count / seconds).toFixed(0)} certificates/s kept by the store alone`,
    );
  } finally {
    await database.close();
  }
}

const sample = await obtainSample();
say(machine());
say(
  `${count} accounts with a P-256 key and a contact, ${count} certificates for one name of ${sample.name.length} characters; ` +
    `CSR ${sample.csr.length}, leaf ${sample.leaf.length} (DER), chain ${sample.chain.length} bytes (PEM)`,
);
await weigh(openSqlite);
await weigh(openPostgres);
