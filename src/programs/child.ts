import { setTimeout as pause } from 'node:timers/promises';
import { cannotStart, ExitCode } from './exit.js';
import { describeError } from './operator-error.js';

/** What a program tells the supervisor that started it: once, when it serves. */
export interface ReadyMessage {
  ready: Record<string, unknown>;
}

/** What the supervisor tells a program. */
export const STOP_MESSAGE = 'stop';

/** A started program. */
export interface Running {
  /** Facts for whoever started it, such as the ports in use. */
  info: Record<string, unknown>;
  /** Takes up its rules anew; rejecting, it has kept the old ones. */
  reload?(): Promise<void>;
  /** Ends it cleanly: no new work, what runs is finished, files closed. */
  stop(): Promise<void>;
}

/** In-flight work gets this long to finish; then the process ends anyway, which every file here survives. */
const STOP_LIMIT = 10_000;
/** Without a supervisor nobody serves the rest of what is asked, and a new one waits for our ports. */
const ORPHAN_LIMIT = 1000;

/**
 * Runs one program as a process: alone in a terminal, or as a child of `upki start`. It ends cleanly on SIGTERM,
 * on Ctrl-C when alone, and under a supervisor when told to or when the supervisor is gone, however it went.
 * Never rejects; the process's exit code tells (see exit.ts).
 */
export async function runProgram(name: string, start: () => Promise<Running>): Promise<void> {
  const supervised = process.send !== undefined;
  let running: Running | null = null;
  let ending = false;

  const end = async (code: number, limit = STOP_LIMIT) => {
    if (ending) return;
    ending = true;
    process.exitCode = code;
    try {
      await Promise.race([running?.stop(), pause(limit, null, { ref: false })]);
    } catch (error) {
      process.stderr.write(`uPKI ${name}: while ending: ${describeError(error)}\n`);
      process.exitCode ||= ExitCode.failure;
    }
    process.exit();
  };

  process.on('SIGTERM', () => end(0));
  // A terminal's Ctrl-C reaches the whole group; the supervisor decides who ends first.
  process.on('SIGINT', () => (supervised ? undefined : end(0)));
  process.on('SIGHUP', () => {
    running?.reload?.().catch((error) => {
      process.stderr.write(`uPKI ${name}: the old rules are kept: ${describeError(error)}\n`);
    });
  });
  process.on('disconnect', () => end(0, ORPHAN_LIMIT));
  process.on('message', (message) => message === STOP_MESSAGE && end(0));
  const fatal = (error: unknown) => {
    process.stderr.write(`uPKI ${name}: ${describeError(error)}\n`);
    // What a program meets once it serves may be over when it is started again.
    void end(running === null && cannotStart(error) ? ExitCode.cannotStart : ExitCode.failure);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);

  try {
    running = await start();
    if (!ending) process.send?.({ ready: running.info } satisfies ReadyMessage);
  } catch (error) {
    fatal(error);
  }
}
