import { monotonic } from '../lib/monotonic.js';
import { StoreUnavailable } from '../store/contract/errors.js';
import type { OpenOptions } from '../store/contract/open.js';
import { DATABASE_PATIENCE, isShared, shownLocation } from '../store/index.js';
import { CannotStart } from './exit.js';

/** Pause before a sentence about an unavailable database is repeated, in ms. */
const SAY_EVERY = 60_000;

/** The location of a program's database, in the operator's terms. */
export interface DatabasePlace {
  /** The variable with its location. */
  variable: string;
  location: string;
  say(sentence: string): void;
}

/** Reports that the database is unavailable: each sentence at once and then once a minute, with the variable and without a stack. */
export function sayDatabaseAway({ variable, say }: Omit<DatabasePlace, 'location'>, clock = monotonic) {
  const said = new Map<string, number>();
  return (error: Error, sentence = 'the database is away; it is being opened again'): void => {
    const before = said.get(sentence);
    if (before !== undefined && clock() - before < SAY_EVERY) return;
    said.set(sentence, clock());
    say(`${sentence}: ${error.message} (${variable})`);
  };
}

/**
 * Opens a database at the start of a program, and waits for a server that starts at the same time.
 * @throws CannotStart naming the variable when the server cannot be reached in time
 */
export async function openAtStart<Store>(
  open: (location: string, options: OpenOptions) => Promise<Store>,
  place: DatabasePlace,
  patience = DATABASE_PATIENCE,
): Promise<Store> {
  const { location, variable } = place;
  try {
    return await open(location, { onCrash: sayDatabaseAway(place), patience });
  } catch (error) {
    // Errors of a file name its path. A busy file may be free at the next start.
    if (!(error instanceof StoreUnavailable) || !isShared(location)) throw error;
    throw new CannotStart(
      `${variable} is ${shownLocation(location)}: the database cannot be reached (${error.message})`,
      { cause: error },
    );
  }
}
