import { mkdtempSync, rmSync } from 'node:fs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What a signal removes. */
interface Temporary {
  path: string;
  /** Ends the watch, before the path stays or is removed in another way. */
  keep(): void;
}

/**
 * Removes a temporary file or folder, which may hold keys, when a signal such as Ctrl-C ends this command. The signal then ends the
 * process as usual.
 * @param make returns the path; synchronous, because a signal is handled only after it
 */
function removedOnSignal(make: () => string): Temporary {
  let path: string | null = null;
  const keep = () => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
  const end = (signal: NodeJS.Signals) => {
    if (path !== null) rmSync(path, { recursive: true, force: true });
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

/** A new folder for this command alone, whose name begins with `prefix`; a signal removes it. @throws NodeJS.ErrnoException */
export const newTemporaryFolder = (prefix: string): Temporary => removedOnSignal(() => mkdtempSync(prefix));

/** A file that is written later; a signal removes it. */
export const draftFile = (path: string): Temporary => removedOnSignal(() => path);
