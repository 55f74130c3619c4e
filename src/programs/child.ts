import { setTimeout as pause } from 'node:timers/promises';
import { ExitCode } from './exit.js';
import { cannotStart } from './exit-code.js';
import { type ReadyMessage, STOP_MESSAGE } from './messages.js';
import { describeError } from './operator-error.js';

/** A started program. */
export interface Running {
  /** Facts for whoever started it, such as the ports in use. */
  info: Record<string, unknown>;
  /** Reloads its rules; when it rejects, the old ones stay in force. */
  reload?(): Promise<void>;
  /** Stops it cleanly: no new work, running work finishes, files are closed. */
  stop(): Promise<void>;
}

/**
 * How long in-flight work may take to finish; then the process ends anyway, which every file here survives.
 */
const STOP_LIMIT = 10_000;
/** Without its supervisor the other programs are gone too, and a new supervisor waits for our ports. */
const ORPHAN_LIMIT = 1000;

/**
 * Runs one program as a process: alone in a terminal, or as a child of `upki start`. It ends cleanly on
 * SIGTERM, on Ctrl-C when alone, and under a supervisor when told to or when the supervisor dies. Never
 * rejects; the process's exit code tells the outcome (see exit.ts).
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
    // A fault after the start may be gone when the program is started again.
    void end(running === null && cannotStart(error) ? ExitCode.cannotStart : ExitCode.failure);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  // The supervisor was killed while this program was being loaded: the event was before there was a listener.
  if (supervised && !process.connected) return end(0);

  try {
    running = await start();
    if (!ending) process.send?.({ ready: running.info } satisfies ReadyMessage);
  } catch (error) {
    fatal(error);
  }
}
