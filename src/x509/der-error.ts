/** Bytes from outside that are not what they claim to be. The message names the part that is wrong. */
export class DerError extends Error {
  override readonly name = 'DerError';
}
