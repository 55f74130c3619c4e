import { createHash } from 'node:crypto';
import type { Attempt } from './dialer.js';
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
  if (challenge.identifier.type !== 'dns') {
    // RFC 8738 §7
    throw new ValidationFailure('malformed', 'dns-01 cannot prove an IP address', false);
  }
  await findDigest(`_acme-challenge.${challenge.identifier.value}`, challenge, resolver, attempt);
}

/** Looks for the digest of the key authorization among the TXT records of the name. @throws ValidationFailure */
export async function findDigest(
  name: string,
  challenge: ValidationRequest,
  resolver: Resolver,
  attempt: Attempt,
): Promise<void> {
  const expected = createHash('sha256').update(challenge.keyAuthorization).digest('base64url');
  const target = `TXT ${name}`;
  const started = attempt.now();
  const note = (outcome: string) =>
    attempt.records.push({ target, outcome, milliseconds: attempt.now() - started });
  let values: Buffer[];
  try {
    values = await resolver.txt(name, attempt.deadline);
  } catch (error) {
    note(error instanceof ValidationFailure ? error.detail : 'failed');
    throw error;
  }
  note(`${values.length} records`);
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
