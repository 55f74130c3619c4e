import { setTimeout as pause } from 'node:timers/promises';
import { ExitCode } from './exit.js';
import { cannotStart } from './exit-code.js';
import { type ReadyMessage, STOP_MESSAGE } from './messages.js';
import { describeError } from './operator-error.js';

/** A started program. */
export interface Running {
  /** Facts for the supervisor, such as the URL of the directory. */
  info: Record<string, unknown>;
  /** Reloads its rules. When it rejects, the old rules stay in effect. */
  reload?(): Promise<void>;
  /** Stops it cleanly: it accepts no new work, finishes running work and closes its files. */
  stop(): Promise<void>;
}

/** How long running work may take to finish, in ms. Then the process ends anyway; no file is damaged by that. */
const STOP_LIMIT = 10_000;
/** The same without a supervisor, in ms: the other programs end too, and a new supervisor waits for the ports. */
const ORPHAN_LIMIT = 1000;

/**
 * Runs one program as a process: alone in a terminal, or as a child of `upki start`. It ends cleanly on SIGTERM; on Ctrl-C when it
 * runs alone; and under a supervisor on STOP_MESSAGE or when the supervisor dies. Never rejects; the outcome is the exit code of the
 * process (see exit.ts).
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
  // Ctrl-C in a terminal reaches the whole process group. The supervisor decides in which order programs end.
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
    // A fault after the start may not occur again after a restart.
    void end(running === null && cannotStart(error) ? ExitCode.cannotStart : ExitCode.failure);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  // The supervisor was killed while this program loaded, before there was a listener for `disconnect`.
  if (supervised && !process.connected) return end(0);

  try {
    running = await start();
    if (!ending) process.send?.({ ready: running.info } satisfies ReadyMessage);
  } catch (error) {
    fatal(error);
  }
}
