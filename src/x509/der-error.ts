/** Malformed input. The message names the part at fault. */
export class DerError extends Error {
  override readonly name = 'DerError';
}
