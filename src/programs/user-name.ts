import { userInfo } from 'node:os';

/** The name of the user of this process; the number of one that the system does not know, as containers have them. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}
