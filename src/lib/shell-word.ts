/** Quotes a word for a POSIX shell if necessary, in single quotes (POSIX.1-2017, Shell §2.2.2). */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
