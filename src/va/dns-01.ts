import { createHash } from 'node:crypto';
import { type Attempt, recorded } from './attempt.js';
import type { Resolver } from './dns/resolver.js';
import { excerpt, ValidationFailure } from './failure.js';
import type { ValidationRequest } from './types.js';

/** Found values shown to the operator. */
const SHOWN = 3;

/** RFC 8555 §8.4: a TXT record of `_acme-challenge.` holds the digest of the key authorization. @throws ValidationFailure */
export async function validateDns01(
  challenge: ValidationRequest,
  resolver: Resolver,
  attempt: Attempt,
): Promise<void> {
  await findDigest(`_acme-challenge.${dnsNameOf(challenge)}`, challenge, resolver, attempt);
}

/** The name that a challenge over DNS proves. @throws ValidationFailure for an IP address (RFC 8738 §7) */
export function dnsNameOf({ type, identifier }: ValidationRequest): string {
  if (identifier.type === 'dns') return identifier.value;
  throw new ValidationFailure('malformed', `${type} cannot prove an IP address`, false);
}

/** Looks for the digest of the key authorization among the TXT records of the name. @throws ValidationFailure */
export async function findDigest(
  name: string,
  challenge: ValidationRequest,
  resolver: Resolver,
  attempt: Attempt,
): Promise<void> {
  const expected = createHash('sha256').update(challenge.keyAuthorization).digest('base64url');
  const values = await recordedLookup(name, attempt, () => resolver.txt(name, attempt.deadline));
  if (values.some((value) => value.toString('latin1') === expected)) return;
  if (values.length === 0) {
    throw new ValidationFailure('dns', `${name} has no TXT record; expected one holding "${expected}"`, true);
  }
  const found = values.slice(0, SHOWN).map((value) => excerpt(value));
  const more = values.length > SHOWN ? ` and ${values.length - SHOWN} more` : '';
  throw new ValidationFailure(
    'incorrectResponse',
    `${name} has the TXT records ${found.join(', ')}${more}; expected "${expected}"`,
    true,
  );
}

/** Records a lookup of TXT records and how many it found. */
export function recordedLookup<T extends { length: number }>(
  name: string,
  attempt: Attempt,
  lookUp: () => Promise<T>,
): Promise<T> {
  return recorded(attempt, `TXT ${name}`, lookUp, ({ length }) => `${length} records`);
}
