/** Malformed input. The message names the part at fault. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** The result of a read, or null when the input is malformed. */
export function unlessMalformed<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) return null;
    throw error;
  }
}
