import { parseArgs } from 'node:util';
import { NotInstallable, Tools } from '../../kit/tools.js';
import { acme4jIt } from './acme4j-it.js';
import { certbotCi } from './certbot-ci.js';
import { eggsampler } from './eggsampler.js';
import { instantAcmeSuite } from './instant-acme.js';

/** Runs test suites of other projects against uPKI in Pebble's place. */
const SUITES = [eggsampler, instantAcmeSuite, acme4jIt, certbotCi];

const USAGE = `npm run tool suites -- [--only ${SUITES.map(({ name }) => name).join(',')}]

Tests that other projects wrote for Let's Encrypt's test server, from their repositories. A failure that is not uPKI's is named with its
reason; any other is a fault.
`;
const { values: options } = parseArgs({ options: { only: { type: 'string' }, help: { type: 'boolean' } } });
if (options.help) {
  process.stdout.write(USAGE);
  process.exit();
}
const say = (line: string) => process.stdout.write(`${line}\n`);
const only = options.only?.split(',');

const tools = await Tools.at();
let faults = 0;
let passed = 0;
for (const { name, known, prepare } of SUITES) {
  if (only && !only.includes(name)) continue;
  try {
    say(`${name}: preparing`);
    const results = await (await prepare(tools))();
    if (results.length === 0) throw new Error('it ran no test');
    for (const { test, passed: ok, said } of results) {
      if (ok) passed += 1;
      const reason = known[test];
      if (!ok && reason === undefined) faults += 1;
      if (!ok) say(`${name}: ${test}: ${reason ? `fails, for ${reason}` : `FAILED: ${said}`}`);
    }
    say(`${name}: ${results.filter((each) => each.passed).length} of ${results.length} passed`);
  } catch (error) {
    const absent = error instanceof NotInstallable;
    if (!absent) faults += 1;
    say(
      `${name}: ${absent ? 'not installable' : 'FAILED'}: ${error instanceof Error ? error.message : error}`,
    );
  }
}
say(`\n${passed} tests passed, ${faults} faults`);
process.exitCode = passed > 0 && faults === 0 ? 0 : 1;
