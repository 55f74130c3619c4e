import { optionsGiven } from '../kit/command-line.js';
import { NotInstallable, Tools } from '../kit/tools.js';
import { runClients } from './clients.js';
import { runDisk } from './disk.js';
import { runDriver } from './driver.js';
import { FAULTS, LONE_FAULTS } from './fault.js';
import { REPLICA_CHECKS, runFaults } from './faults.js';
import { abortAll } from './interrupt.js';
import { type Options, readOptions, USAGE } from './options.js';
import { NotMountable } from './tmpfs.js';
import { unlessStuck } from './watchdog.js';

type Say = (line: string) => void;

const say: Say = (line) => process.stdout.write(`${line}\n`);

interface Part {
  name: string;
  /** Whether it passed. */
  run(say: Say): Promise<boolean>;
}

function partsOf(options: Options, tools: Tools): Part[] {
  const { parts, clients } = options;
  const checks = REPLICA_CHECKS.filter((name) => parts.has(name));
  const faults = FAULTS.filter(({ name }) => parts.has(name));
  const names = [...checks, ...faults.map(({ name }) => name)];
  const all: Part[] = [
    { name: 'disk', run: (tell) => runDisk(options, tell) },
    { name: 'clients', run: (tell) => runClients(tools, tell) },
    { name: 'driver', run: (tell) => runDriver(clients, tools, tell) },
  ];
  return [
    ...(names.length > 0
      ? [{ name: names.join(', '), run: (tell: Say) => runFaults(checks, faults, options, tools, tell) }]
      : []),
    ...LONE_FAULTS.filter(({ name }) => parts.has(name)).map((fault) => ({
      name: fault.name,
      run: (tell: Say) => runFaults([], [fault], options, tools, tell),
    })),
    ...all.filter(({ name }) => parts.has(name)),
  ];
}

interface Verdict {
  word: 'passed' | 'FAILED' | 'SKIPPED';
  line: string;
}

/** Skips what this machine cannot do; a skipped part never counts as passed. */
async function judge({ name, run }: Part, tell: Say): Promise<Verdict> {
  const began = Date.now();
  tell(`\n${name}`);
  let told = 0;
  const moved: Say = (line) => {
    told += 1;
    tell(line);
  };
  const [word, why]: [Verdict['word'], string] = await unlessStuck(run(moved), { told: () => told }).then(
    (passed) => [passed ? 'passed' : 'FAILED', ''],
    (error: Error) =>
      error instanceof NotMountable || error instanceof NotInstallable
        ? ['SKIPPED', `: ${error.message}`]
        : ['FAILED', `: ${error.stack ?? error.message}`],
  );
  return { word, line: `${name}: ${word}${why}, ${((Date.now() - began) / 1000).toFixed(0)} s` };
}

/** The parts of the short run mostly wait, so they run in parallel; their output is not mixed. */
async function runAll(parts: readonly Part[], together: boolean): Promise<Verdict[]> {
  if (together) {
    return Promise.all(
      parts.map(async (part) => {
        const lines: string[] = [];
        const verdict = await judge(part, (line) => lines.push(line));
        say(lines.join('\n'));
        return verdict;
      }),
    );
  }
  const verdicts: Verdict[] = [];
  for (const part of parts) verdicts.push(await judge(part, say));
  return verdicts;
}

const options = optionsGiven(readOptions, USAGE);
say(`seed ${options.seed}; the same again: --clients ${options.clients} --seed ${options.seed}`);
const verdicts = await runAll(partsOf(options, await Tools.at()), options.short);
say(`\n${verdicts.map(({ line }) => line).join('\n')}`);
const words = verdicts.map(({ word }) => word);
// Open handles after a failure must not keep the process alive.
await abortAll(20_000);
process.exit(words.includes('passed') && !words.includes('FAILED') ? 0 : 1);
