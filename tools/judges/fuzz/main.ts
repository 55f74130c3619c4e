import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { show } from '../../kit/command.js';
import { newFolder } from '../../kit/folder.js';
import { Tools } from '../../kit/tools.js';
import { CHECKOUT, startUpki, UPKI } from '../../kit/upki.js';
import { fuzz, newAdmin } from './schemathesis.js';

const USAGE = `npm run tool fuzz -- [--quick] [--examples 200] [--runs 2000] [--seed 1]

  --quick      few examples, and no property tests: what CI does, whose npm test tries more cases
  --examples   requests generated for each operation of the OpenAPI document
  --runs       cases of each property test
  --seed       to repeat a run that found something
`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    examples: { type: 'string' },
    runs: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  process.stdout.write(USAGE);
  process.exit();
}
const examples = Number(options.examples ?? (options.quick ? 20 : 200));
const runs = Number(options.runs ?? 2_000);
const seed = Number(options.seed);
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Revokes the requester's certificate: it runs last, with a certificate of its own. */
const SUICIDAL = ['/client/revoke'];

const failures = [...(await fuzzApi()), ...(options.quick ? [] : await fuzzProperties())];
for (const failure of failures) say(`FAILED: ${failure}`);
say(failures.length === 0 ? 'fuzz: nothing found' : `fuzz: seed ${seed}`);
process.exit(failures.length === 0 ? 0 : 1);

/** The REST API of a real uPKI, called by an administrator and anonymously. */
async function fuzzApi(): Promise<string[]> {
  const tools = await Tools.at();
  const schemathesis = await tools.pip('schemathesis');
  const folder = newFolder('fuzz');
  const faults: string[] = [];
  const upki = await startUpki({
    env: { UPKI_RA_CN: 'localhost', UPKI_LOG_FORMAT: 'json' },
    // A program that ended is started again, and its clients see only that connections ended.
    onOutput: (line) => /request failed|starting it again/.test(line) && faults.push(line),
  });
  const found: string[] = [];
  try {
    const admin = await newAdmin(upki, 'fuzz', folder);
    const doomed = await newAdmin(upki, 'doomed', folder);
    const passes = [
      { name: 'by an administrator', include: [], exclude: SUICIDAL, identity: admin, examples },
      { name: 'by nobody', include: [], exclude: [], identity: null, examples: Math.ceil(examples / 10) },
      { name: 'revocation of itself', include: SUICIDAL, exclude: [], identity: doomed, examples },
    ];
    for (const { name, ...pass } of passes) {
      say(`\n=== the REST API, ${name}, seed ${seed}`);
      if (!(await fuzz(schemathesis, upki, folder, { ...pass, seed }))) found.push(`the REST API, ${name}`);
    }
    const verdict = await show(process.execPath, [UPKI, 'audit', 'verify', '-d', upki.dataDir], {
      cwd: folder,
    });
    if (verdict !== 0) found.push('the audit log does not verify any more');
    if (faults.length > 0) found.push(`${faults.length} errors of ours in the log, the first: ${faults[0]}`);
  } finally {
    if ((await upki.stop()) !== 0) found.push('uPKI did not end cleanly');
    await rm(folder, { recursive: true, force: true });
  }
  return found;
}

/** The property tests of `npm test`, with many more cases each. */
async function fuzzProperties(): Promise<string[]> {
  say(`\n=== property tests, ${runs} cases each`);
  const files = await propertyTests();
  const code = await show('npx', ['--no-install', 'vitest', 'run', ...files], {
    cwd: CHECKOUT,
    env: { PROPERTY_RUNS: String(runs) },
  });
  return code === 0 ? [] : ['property tests'];
}

async function propertyTests(): Promise<string[]> {
  const entries = await readdir(join(CHECKOUT, 'test'), { recursive: true });
  const tests = entries.filter((name) => name.endsWith('.test.ts')).map((name) => join('test', name));
  const texts = await Promise.all(tests.map((path) => readFile(join(CHECKOUT, path), 'utf8')));
  return tests.filter((_, index) => texts[index]?.includes("'fast-check'")).sort();
}
