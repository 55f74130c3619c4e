/** The folder cannot become, or is not, a CA; the message names the file and says what to do. */
export class InitError extends Error {
  override readonly name = 'InitError';
}
