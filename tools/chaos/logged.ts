/** What the programs log about it, once a minute. */
const SENTENCES = ['the database is away', 'background work waits for the database'];

/** Whether this line, JSON of a program's log, only reports that the database is unavailable. */
export function saysDatabaseAway(line: string): boolean {
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { type?: string } };
    return err?.type === 'StoreUnavailable' || SENTENCES.some((each) => msg?.startsWith(each));
  } catch {
    return false;
  }
}
