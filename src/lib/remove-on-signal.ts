import { rmSync } from 'node:fs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What a signal removes. */
export interface Temporary {
  path: string;
  /** Ends the watch, before the path stays or is removed in another way. */
  keep(): void;
}

/**
 * Removes a temporary file or folder, which may hold keys, when a signal such as Ctrl-C ends this command. The signal then ends the
 * process as usual.
 * @param make returns the path; synchronous, because a signal is handled only after it
 */
export function removedOnSignal(make: () => string): Temporary {
  let path: string | null = null;
  const keep = () => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
  const end = (signal: NodeJS.Signals) => {
    if (path !== null) removeWhole(path);
    keep();
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, end);
  try {
    path = make();
    return { path, keep };
  } catch (error) {
    keep();
    throw error;
  }
}

/** Attempts to remove a folder; each thread of the pool may still complete one operation in it. */
const ATTEMPTS = 10;

function removeWhole(path: string): void {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    try {
      rmSync(path, { recursive: true, force: true });
      return;
    } catch {
      // A file was written into it meanwhile.
    }
  }
}
