import { createHash } from 'node:crypto';
import type { Attempt } from './attempt.js';
import type { Resolver } from './dns/resolver.js';
import { dnsNameOf, findDigest } from './dns-01.js';
import { ValidationFailure } from './failure.js';
import type { ValidationRequest } from './types.js';

/** Limit of account URLs that are tried, former ones included: a client derives the label from the URL it was given. */
const MOST_URLS = 8;

/**
 * draft-ietf-acme-dns-account-label-01 §3: like dns-01, under a label specific to the account, so that
 * several clients can prove one name at once and each CNAME leads to its own client.
 * @throws ValidationFailure
 */
export async function validateDnsAccount01(
  challenge: ValidationRequest,
  resolver: Resolver,
  attempt: Attempt,
): Promise<void> {
  const name = dnsNameOf(challenge);
  const urls = (await challenge.accountUris()).slice(0, MOST_URLS);
  const tries = urls.map((url) =>
    findDigest(`${accountLabel(url)}._acme-challenge.${name}`, challenge, resolver, attempt),
  );
  const outcomes = await Promise.allSettled(tries);
  if (outcomes.some(({ status }) => status === 'fulfilled')) return;
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  throw new ValidationFailure('serverInternal', 'the account has no URL', false);
}

/** §3.2: an underscore and, in base32, the first ten octets of the SHA-256 of the account's URL. */
export function accountLabel(url: string): string {
  return `_${base32(createHash('sha256').update(url).digest().subarray(0, 10))}`;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648 §6 of a multiple of five octets, in lower case as DNS names are here. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return text;
}
