/** The location of a store: `postgres://…`, `sqlite:PATH` or `PATH`. */

/** True for the URL of a database that several programs can use at once. */
export function isShared(location: string): boolean {
  return /^postgres(ql)?:/.test(location);
}

/** The file of a SQLite database. */
export function pathOf(location: string): string {
  return location.replace(/^sqlite:/, '');
}

/** A database location without the password that a URL may contain. */
export function shownLocation(location: string): string {
  return isShared(location) ? location.replace(/:[^:@/]*@/, ':***@') : pathOf(location);
}
