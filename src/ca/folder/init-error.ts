/** The folder is not a CA's, or cannot become one; the message names the file and the remedy. */
export class InitError extends Error {
  override readonly name = 'InitError';
}
