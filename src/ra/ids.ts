/** Makes ids and tokens from a source of randomness that is passed in. */
export class Ids {
  constructor(readonly random: (bytes: number) => Buffer) {}

  /** 32 hex characters: 48 bits of milliseconds, so that new rows land at the end of an index, and 80 random bits. */
  next(now: number): string {
    return now.toString(16).padStart(12, '0') + this.random(10).toString('hex');
  }

  /** RFC 8555 §8: a token has at least 128 bits of entropy, base64url; here 192. */
  token(): string {
    return this.random(24).toString('base64url');
  }
}
