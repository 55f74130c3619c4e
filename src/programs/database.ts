import { monotonic } from '../lib/monotonic.js';
import { StoreUnavailable } from '../store/contract/errors.js';
import type { OpenOptions } from '../store/contract/open.js';
import { DATABASE_PATIENCE, isShared, shownLocation } from '../store/index.js';
import { CannotStart } from './exit.js';

/** How often one sentence about the database is repeated while it is away, in ms. */
const SAY_EVERY = 60_000;

/** The location of a program's database, in the operator's terms. */
export interface DatabasePlace {
  /** The variable that says where it is. */
  variable: string;
  location: string;
  say(sentence: string): void;
}

/** Says that the database is away: each sentence at once and then once a minute, without a stack, with the setting to look at. */
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
 * Opens a database at start, and waits for a server that starts at the same time.
 * @throws CannotStart naming the setting when the server was not reached in time
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
    // A file that cannot be opened is told by its path; one that is busy may be free next time.
    if (!(error instanceof StoreUnavailable) || !isShared(location)) throw error;
    throw new CannotStart(
      `${variable} is ${shownLocation(location)}: the database cannot be reached (${error.message})`,
      { cause: error },
    );
  }
}
