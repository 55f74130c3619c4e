/** Whether this line, JSON of a program's log, only tells that the database is away. */
export function saysDatabaseAway(line: string): boolean {
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { type?: string } };
    return msg?.startsWith('the database is away') || err?.type === 'StoreUnavailable';
  } catch {
    return false;
  }
}
