import { createHash } from 'node:crypto';

/** So that a seed in a log or a repository is known for what it is. */
const PREFIX = 'upki-seed-';

/** A seed nobody can guess: 192 random bits, of characters that need no quoting anywhere. */
export function newSeed(random: (bytes: number) => Buffer): string {
  return PREFIX + random(24).toString('base64url');
}

/** base64url SHA-256. A seed is random enough that its hash gives nothing away, and a lookup by hash tells no time. */
export function seedHash(seed: string): string {
  return createHash('sha256').update(seed).digest('base64url');
}
