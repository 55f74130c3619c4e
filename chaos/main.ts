import { NotInstallable, Tools } from '../interop/tools.js';
import { runClients } from './clients.js';
import { runDisk } from './disk.js';
import { runDriver } from './driver.js';
import { FAULTS } from './fault.js';
import { REPLICA_CHECKS, runFaults } from './faults.js';
import { type Options, readOptions, USAGE } from './options.js';
import { NotMountable } from './tmpfs.js';

const say = (line: string) => process.stdout.write(`${line}\n`);

const verdicts: string[] = [];
let failed = false;

/** Runs one part and keeps its verdict; what this machine cannot do is skipped, and never counts as passed. */
async function part(name: string, run: () => Promise<boolean>): Promise<void> {
  const began = Date.now();
  say(`\n${name}`);
  const verdict = await run().then(
    (passed) => (passed ? 'passed' : 'FAILED'),
    (error: Error) => {
      if (error instanceof NotMountable || error instanceof NotInstallable)
        return `SKIPPED: ${error.message}`;
      return `FAILED: ${error.stack ?? error.message}`;
    },
  );
  failed ||= verdict.startsWith('FAILED');
  verdicts.push(`${name}: ${verdict}, ${((Date.now() - began) / 1000).toFixed(0)} s`);
}

async function runAll(options: Options): Promise<void> {
  const { parts, clients, seed } = options;
  say(`seed ${seed}; the same again: --clients ${clients} --seed ${seed}`);
  const tools = await Tools.at();
  const checks = REPLICA_CHECKS.filter((name) => parts.has(name));
  const faults = FAULTS.filter(({ name }) => parts.has(name));
  if (checks.length + faults.length > 0) {
    const names = [...checks, ...faults.map(({ name }) => name)].join(', ');
    await part(names, () => runFaults(checks, faults, options, tools, say));
  }
  if (parts.has('disk')) await part('disk', () => runDisk(options, say));
  if (parts.has('clients')) await part('clients', () => runClients(tools, say));
  if (parts.has('driver')) await part('driver', () => runDriver(clients, tools, say));
}

function given(): Options | null {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

const options = given();
if (options === null) say(USAGE);
else {
  await runAll(options);
  say(`\n${verdicts.join('\n')}`);
  failed ||= !verdicts.some((verdict) => verdict.includes(': passed'));
}
// What is still open when something failed must not keep it from ending.
process.exit(failed ? 1 : 0);
