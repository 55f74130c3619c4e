/** Quoted for a POSIX shell when it needs to be (POSIX.1-2017, Shell §2.2.2): inside single quotes nothing is special. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
