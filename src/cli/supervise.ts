import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CannotStart, ExitCode } from '../programs/exit.js';
import { lockDirectory } from '../programs/lock.js';
import { SMALL_ALLOCATOR, youngGeneration } from '../programs/memory.js';
import { type ChildSpec, Supervisor } from '../programs/supervisor.js';

/** The requests of the process that prepares a start to the supervisor, in this order. */
export interface Request {
  /** A data directory to lock for as long as the supervisor lives. */
  lock: string;
  /** The environments of the programs to run. */
  run: { ca: NodeJS.ProcessEnv; ra: NodeJS.ProcessEnv };
}

/** The answers of the supervisor, sent when it has done what was requested. */
export interface Answer {
  lock: 'locked';
  /** Both programs serve. */
  run: { directoryUrl: string };
}

const say = (sentence: string) => process.stderr.write(`uPKI: ${sentence}\n`);

/**
 * `upki start` as the long-running process. It only supervises CA and RA, so it loads neither settings nor schemas. A second process
 * reads the command line and the settings, checks the folders, prints the greeting, and ends. Sets the exit code of the process.
 * @param words the command line, such as `['start', '-d', '/srv/pki']`
 */
export function supervise(words: readonly string[]): void {
  const supervisor = new Supervisor({ say, onGiveUp: (code) => process.exit(code) });
  const preparation = fork(fileURLToPath(new URL('./prepare-start.js', import.meta.url)), words);
  let runs = false;
  preparation.on('message', (request: Partial<Request>) => {
    if (request.lock !== undefined) lock(preparation, request.lock);
    if (request.run === undefined) return;
    runs = true;
    endOnSignals(supervisor);
    void run(supervisor, request.run, preparation);
  });
  preparation.once('error', (error) => {
    say(`the process that prepares the start cannot run: ${error.message}`);
    process.exitCode = ExitCode.failure;
  });
  preparation.once('exit', async (code) => {
    if (code === 0) return;
    process.exitCode ??= code ?? ExitCode.failure;
    if (!runs) return;
    await supervisor.stop();
    process.exit();
  });
}

function lock(preparation: ChildProcess, directory: string): void {
  try {
    lockDirectory(directory);
    preparation.send('locked' satisfies Answer['lock']);
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error;
    say(error.message);
    process.exitCode = ExitCode.cannotStart;
    preparation.disconnect();
  }
}

async function run(
  supervisor: Supervisor,
  { ca, ra }: Request['run'],
  preparation: ChildProcess,
): Promise<void> {
  const caStarted = await supervisor.start(program('CA', 'ca', ca)).catch(() => null);
  const serving = caStarted && (await supervisor.start(program('RA', 'ra', ra)).catch(() => null));
  // Null: the supervisor has reported the reason and stops everything.
  // Without the channel the preparation has ended, and its end stops everything.
  if (!serving || !preparation.connected) return;
  preparation.send({ directoryUrl: String(serving.directoryUrl) } satisfies Answer['run']);
}

/**
 * MiB. The larger it is, the fewer objects are still in use at a collection, and V8 copies those. For each certificate the RA allocates
 * several MiB, and the CA a tenth of one.
 */
const YOUNG_GENERATION = { ra: 4, ca: 2 };

/** A child process that runs one program with this same command. */
function program(name: string, command: 'ra' | 'ca', env: NodeJS.ProcessEnv): ChildSpec {
  const module = fileURLToPath(new URL('./main.js', import.meta.url));
  const options = {
    env: { ...SMALL_ALLOCATOR, ...env },
    execArgv: [...youngGeneration(YOUNG_GENERATION[command]), ...process.execArgv],
    stdio: 'inherit' as const,
  };
  return { name, fork: () => fork(module, [command, 'start'], options) };
}

/**
 * Ms between two Ctrl-C of a person. Under npm, one Ctrl-C arrives twice at once, from the terminal and from npm.
 */
const SECOND_THOUGHT = 1000;

function endOnSignals(supervisor: Supervisor): void {
  let askedAt: number | null = null;
  const end = (signal: NodeJS.Signals) => {
    const now = Date.now();
    // A second Ctrl-C exits at once; the children end when this process is gone.
    if (askedAt !== null && signal === 'SIGINT' && now - askedAt > SECOND_THOUGHT)
      process.exit(ExitCode.failure);
    if (askedAt !== null) return;
    askedAt = now;
    say('ending');
    void supervisor.stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end(signal));
  // Reload the rules without stopping anything.
  process.on('SIGHUP', () => supervisor.signal('SIGHUP'));
}
