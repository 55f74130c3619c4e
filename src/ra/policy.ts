import { parseRfc3339 } from '../lib/rfc3339.js';
import type { AcmeProfile } from '../model/ca.js';
import type { Authorization, ChallengeType, Identifier } from '../model/facts.js';
import { Problem } from '../model/problem.js';
import type { NameConstraints } from '../x509/name-constraints.js';

/** The operator's policy for ACME; durations in milliseconds. */
export interface Policy {
  /** §7.1.6: lifetime of an order and its pending authorizations. */
  orderLifetime: number;
  /** §7.1.4: lifetime of a validated authorization (for revocation, and for orders if pre-authorized). */
  authorizationLifetime: number;
  /** Challenges that are offered if they can prove the identifier. */
  challenges: readonly ChallengeType[];
  /** Limit of identifiers in an order. */
  maxIdentifiers: number;
  /** Profile of an order without one. */
  defaultProfile: string;
  /** §7.3: newAccount must agree to the terms. */
  termsRequired: boolean;
  /** §7.3.3: agreements older than this must be renewed; `instance` is the URL of a page that explains the change. */
  termsChanged: { at: number; instance: string } | null;
  /** §7.4.1: newAuthz is offered, and its authorizations are valid for later orders. */
  preauthorization: boolean;
  /** How long the reply to a challenge response waits for the validation. */
  challengeHold: number;
  /** §8.2: pauses between attempts; the number of attempts is one more. */
  retryDelays: number[];
  /** §7.3.4: only accounts with an external account binding may register and order. */
  bindingRequired: boolean;
  /** Names (with their subdomains) and CIDRs that may be ordered; empty allows every name. */
  allowed: string[];
  /** Names (with their subdomains) and CIDRs that are never issued, even if allowed. */
  denied: string[];
  /** The CA's name constraints (RFC 5280 §4.2.1.10), as known now. */
  constraints: () => readonly NameConstraints[];
  /** Names (with their subdomains) and CIDRs whose port 80 leads to the RA, which answers their http-01 challenges. */
  http01Names: string[];
}

export const DEFAULT_POLICY: Policy = {
  orderLifetime: 7 * 24 * 3600_000,
  authorizationLifetime: 30 * 24 * 3600_000,
  challenges: ['http-01', 'dns-01', 'tls-alpn-01'],
  maxIdentifiers: 100,
  defaultProfile: 'server',
  termsRequired: false,
  termsChanged: null,
  preauthorization: false,
  challengeHold: 250,
  retryDelays: [500, 1500, 4000],
  bindingRequired: false,
  allowed: [],
  denied: [],
  constraints: () => [],
  http01Names: [],
};

const FOR_IP: readonly ChallengeType[] = ['http-01', 'tls-alpn-01'];
const FOR_WILDCARD: readonly ChallengeType[] = ['dns-01', 'dns-account-01', 'dns-persist-01'];

/** §8 and RFC 8738 §4, §7: the challenges that can prove an identifier; a wildcard is proven in DNS only. */
export function challengeTypes(
  identifier: Identifier,
  offered: readonly ChallengeType[] = DEFAULT_POLICY.challenges,
): ChallengeType[] {
  if (identifier.type === 'ip') return offered.filter((type) => FOR_IP.includes(type));
  const isWildcard = identifier.value.startsWith('*.');
  return offered.filter((type) => !isWildcard || FOR_WILDCARD.includes(type));
}

/**
 * The challenges by which an order of the profile may prove the identifier. Pure.
 * @throws Problem rejectedIdentifier when there is none
 */
export function orderChallenges(
  identifier: Identifier,
  offered: readonly ChallengeType[],
  { name, challenges }: Pick<AcmeProfile, 'name' | 'challenges'>,
): ChallengeType[] {
  const types = challengeTypes(identifier, offered);
  const taken = challenges === undefined ? types : types.filter((type) => challenges.includes(type));
  if (taken.length > 0) return taken;
  const why = `"${identifier.value}" cannot be proven as profile "${name}" wants: by ${challenges?.join(', ') ?? 'nothing'}`;
  throw new Problem('rejectedIdentifier', why, { identifier });
}

/** Whether the profile accepts a proof. The proof of a registered node needs no challenge. */
export function isProofFor(
  { provenBy, challenges }: Pick<Authorization, 'provenBy' | 'challenges'>,
  profile: Pick<AcmeProfile, 'challenges'>,
): boolean {
  if (profile.challenges === undefined || provenBy !== null) return true;
  const wanted = profile.challenges;
  return challenges.some(({ type, validatedAt }) => validatedAt !== null && wanted.includes(type));
}

/**
 * Checks the proofs again at finalize, because the profile may have changed after the order was created.
 * @throws Problem unauthorized naming the proof that the profile does not accept
 */
export function checkProofs(proofs: readonly Authorization[], profile: AcmeProfile | null): void {
  const wrong = profile && proofs.find((proof) => !isProofFor(proof, profile));
  if (!wrong) return;
  const { value } = wrong.identifier;
  const wanted = profile.challenges?.join(', ');
  throw new Problem(
    'unauthorized',
    `"${value}" was not proven as profile "${profile.name}" wants: by ${wanted}`,
    {
      identifier: wrong.identifier,
    },
  );
}

/** Whether a member is absent. Some clients send null or an empty string in members that they do not use. */
export function isAbsent(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === '';
}

/** The requested profile of an order, or the default. @throws Problem invalidProfile with the names of all profiles */
export function chooseProfile(requested: unknown, profiles: AcmeProfile[], fallback: string): AcmeProfile {
  if (!isAbsent(requested) && typeof requested !== 'string') {
    throw new Problem('malformed', '"profile" must be a string');
  }
  const name = isAbsent(requested) ? fallback : requested;
  const profile = profiles.find((candidate) => candidate.name === name);
  if (profile) return profile;
  throw new Problem(
    'invalidProfile',
    `there is no profile "${name.slice(0, 64)}"; on offer: ${profiles.map((each) => each.name).join(', ')}`,
  );
}

/** How far `notBefore` may lie in the past, in ms: the client's clock may be behind ours. */
const CLOCK_SKEW = 3600_000;

/** How far `notBefore` may lie in the future, in ms. A later start is a mistake, or lies in a time when the name has another owner. */
const MOST_AHEAD = 48 * 3600_000;

/**
 * §7.4: the requested validity, checked against the limits of the profile and the issuer, so that an order never shows an end
 * that its certificate will not have. Null leaves a time to the CA.
 * @throws Problem malformed naming the member
 */
export function requestedValidity(
  request: { notBefore?: unknown; notAfter?: unknown },
  profile: AcmeProfile,
  now: number,
  issuerNotAfter: number = Number.POSITIVE_INFINITY,
): { notBefore: number | null; notAfter: number | null } {
  const notBefore = parseTime('notBefore', request.notBefore);
  const notAfter = parseTime('notAfter', request.notAfter);
  const start = notBefore ?? now;
  const refuse = (why: string) => new Problem('malformed', why);
  if (profile.fixedValidity && (notBefore !== null || notAfter !== null)) {
    throw refuse('this certificate authority takes no "notBefore" or "notAfter"');
  }
  if (start < now - CLOCK_SKEW) throw refuse('"notBefore" is in the past');
  if (start > now + MOST_AHEAD) throw refuse('"notBefore" is more than 48 hours ahead');
  if (notAfter !== null) {
    if (notAfter <= Math.max(start, now))
      throw refuse('"notAfter" must be later than "notBefore" and than now');
    if (notAfter - start > profile.maxValidity) {
      const days = profile.maxValidity / 86_400_000;
      throw refuse(`"notAfter" asks for more than the ${days} days of profile "${profile.name}"`);
    }
    if (notAfter > issuerNotAfter) {
      const end = new Date(issuerNotAfter).toISOString();
      throw refuse(`"notAfter" is later than ${end}, when this authority's own certificate ends`);
    }
  }
  return { notBefore, notAfter };
}

function parseTime(member: string, value: unknown): number | null {
  if (isAbsent(value)) return null;
  const time = typeof value === 'string' ? parseRfc3339(value) : null;
  if (time === null)
    throw new Problem('malformed', `"${member}" must be an RFC 3339 time, of a day that exists`);
  // X.509 has whole seconds (RFC 5280 §4.1.2.5).
  return Math.floor(time / 1000) * 1000;
}
