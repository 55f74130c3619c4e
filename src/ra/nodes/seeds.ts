import { createHash } from 'node:crypto';

/** Prefix that makes a seed recognisable in a log or a repository. */
const PREFIX = 'upki-seed-';

/** A seed of 192 random bits, in characters that need no quoting in a shell, a URL or JSON. */
export function newSeed(random: (bytes: number) => Buffer): string {
  return PREFIX + random(24).toString('base64url');
}

/** base64url SHA-256. The hash of so many random bits reveals nothing, and a lookup by hash has no timing side channel. */
export function seedHash(seed: string): string {
  return createHash('sha256').update(seed).digest('base64url');
}
