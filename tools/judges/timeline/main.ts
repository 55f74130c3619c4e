import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { optionsGiven } from '../../kit/command-line.js';
import { newFolder } from '../../kit/folder.js';
import { Tools } from '../../kit/tools.js';
import { faketimeLibrary } from './clock.js';
import { install, type Store } from './installation.js';
import { certbotRenewer, legoRenewer, type RenewerOf } from './renewers.js';
import { story } from './story.js';
import { Witness } from './witness.js';

const USAGE = `Usage: npm run tool timeline [-- --short] [--store sqlite|postgres]

An installation through twenty-four years and through wrong clocks, by libfaketime, stepped while its programs run. After every step a
client that is right about the time gets a certificate that OpenSSL verifies with CRLs and OCSP, and nothing revoked is good.

  --short         the steps that take long, and PostgreSQL, are left out
  --store NAME    one store; both by default
`;

const say = (line: string) => process.stdout.write(`${line}\n`);

interface Options {
  short: boolean;
  stores: Store[];
}

function read(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: { short: { type: 'boolean' }, store: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) return null;
  const { short = false, store } = values;
  if (store !== undefined && store !== 'sqlite' && store !== 'postgres')
    throw new RangeError(`--store is "${store}": sqlite or postgres is wanted`);
  return { short, stores: store ? [store] : short ? ['sqlite'] : ['sqlite', 'postgres'] };
}

/** True if every step passed. */
async function live(
  { store, short }: { store: Store; short: boolean },
  library: string,
  renewers: readonly RenewerOf[],
): Promise<boolean> {
  const folder = newFolder('timeline');
  let isGood = true;
  try {
    const installation = await install(store, folder, library);
    try {
      const witness = new Witness(installation);
      for (const { name, long = false, run } of story(
        installation,
        witness,
        renewers.map((each) => each(installation)),
      )) {
        if (short && long) continue;
        const began = performance.now();
        const outcome = await run().then(
          () => 'held',
          (error: Error) => `FAILED: ${error.message}`,
        );
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        say(`${store.padEnd(9)}${seconds.padStart(6)} s  ${name}: ${outcome}`);
        if (outcome !== 'held') {
          isGood = false;
          say(installation.lines.slice(-30).join('\n'));
        }
      }
    } finally {
      await installation.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return isGood;
}

const { short, stores } = optionsGiven(read, USAGE);
const tools = await Tools.at();
const library = await faketimeLibrary(tools);
// Compiling a Go with another clock takes minutes.
const renewers = [await certbotRenewer(tools), ...(short ? [] : [await legoRenewer(tools)])];
let isGood = true;
for (const store of stores) isGood = (await live({ store, short }, library, renewers)) && isGood;
process.exitCode = isGood ? 0 : 1;
