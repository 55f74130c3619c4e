import { createHash } from 'node:crypto';
import type { Attempt } from './attempt.js';
import { levelsOf } from './caa.js';
import type { Resolver, TextRecord } from './dns/resolver.js';
import { dnsNameOf, recordedLookup } from './dns-01.js';
import { excerpt, ValidationFailure } from './failure.js';
import { parseIssueValue } from './issue-value.js';
import type { ValidationRequest } from './types.js';

/**
 * draft-ietf-acme-dns-persist-01, and of -02 the hashed account URIs and the directory's members. Where the two differ:
 * both forms of `accounturi` are taken; an authorization lives no longer than the record's TTL (-01) and ends at
 * `persistUntil` (-02).
 */
export const PERSIST_LABEL = '_validation-persist';
/** -02 §4.1: what follows the base of an account's URL in a hashed account URI. */
const ACCOUNT_HASH_PATH = '/acme/account-hash/';

export interface DnsPersistOptions {
  /** Issuer domain names of this authority, lower case; at most 10 are offered. */
  issuers(): Promise<readonly string[]>;
  /** The longest an authorization counts, ms. */
  longest: number;
}

/** Whatever the TTL, a proof is valid long enough to finalize the order it was made for, in ms. */
const SHORTEST = 60_000;
/** Most ancestors queried: one request of a client must not cause more queries than this. */
const MOST_ANCESTORS = 16;

/** The requirements of a record. */
interface Asked {
  issuers: readonly string[];
  /** Every form of `accounturi` that means the account, at the name the record is for. */
  accountUris: ReadonlySet<string>;
  /** The record must cover more than the name it is for. */
  wildcard: boolean;
  /** ms since the epoch. */
  now: number;
}

/** `other`: another authority's record, or no record of this kind. */
type Verdict =
  | { kind: 'grants'; until: number | null }
  | { kind: 'other' }
  | { kind: 'refuses'; type: 'malformed' | 'unauthorized'; why: string };

/** Parses and judges one TXT value (§4). Pure. */
export function judgeRecord(text: string, { issuers, accountUris, wildcard, now }: Asked): Verdict {
  const parsed = parseIssueValue(text);
  const named = parsed?.issuer ?? text.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!issuers.includes(withoutDot(named))) return { kind: 'other' };
  const malformed = (why: string): Verdict => ({ kind: 'refuses', type: 'malformed', why });
  const unauthorized = (why: string): Verdict => ({ kind: 'refuses', type: 'unauthorized', why });
  if (!parsed) return malformed('is not an issue-value (RFC 8659 §4.2)');
  const parameters = new Map(parsed.parameters.map(({ tag, value }) => [tag, value]));
  if (parameters.size < parsed.parameters.length) return malformed('says a parameter twice');
  const accountUri = parameters.get('accounturi');
  if (!accountUri) return malformed('has no accounturi');
  const persistUntil = parameters.get('persistuntil');
  if (persistUntil !== undefined && !/^-?\d+$/.test(persistUntil)) {
    return malformed('has a persistUntil that is not seconds since 1970');
  }
  const until = persistUntil === undefined ? null : Number(persistUntil) * 1000;
  if (until !== null && now > until) return unauthorized(`has expired: its persistUntil is ${persistUntil}`);
  if (!accountUris.has(accountUri)) return unauthorized('names another account');
  if (wildcard && parameters.get('policy')?.toLowerCase() !== 'wildcard') {
    return unauthorized('does not say policy=wildcard');
  }
  return { kind: 'grants', until };
}

/**
 * A persistent TXT record says that the account may have the name; so does one of a parent name with
 * `policy=wildcard`.
 * @returns how long that may be relied on, ms since the epoch
 * @throws ValidationFailure
 */
export async function validateDnsPersist01(
  challenge: ValidationRequest,
  resolver: Resolver,
  options: DnsPersistOptions,
  attempt: Attempt,
): Promise<number> {
  const name = dnsNameOf(challenge);
  const urls = await challenge.accountUris();
  const thumbprint = challenge.keyAuthorization.split('.')[1] ?? '';
  const issuers = await options.issuers();
  const look = async (at: string, wildcard: boolean): Promise<Look> => {
    const records = await lookUp(at, resolver, attempt);
    const asked: Asked = {
      issuers,
      accountUris: accountUrisAt(at, urls, thumbprint),
      wildcard,
      now: attempt.now(),
    };
    return { at, records, asked };
  };

  const own = await settled(look(name, challenge.wildcard));
  const granted = best(own, attempt.now(), options.longest);
  if (granted !== null) return granted;
  const above = levelsOf(name).slice(1, 1 + MOST_ANCESTORS);
  const looks = [own, ...(await Promise.all(above.map((each) => settled(look(each, true)))))];
  for (const each of looks) {
    const until = best(each, attempt.now(), options.longest);
    if (until !== null) return until;
  }
  throw whyNot(name, looks, { issuer: issuers[0] ?? '', url: urls[0] ?? '', wildcard: challenge.wildcard });
}

interface Look {
  at: string;
  records: readonly TextRecord[];
  asked: Asked;
}

type SettledLook = Look | { failure: ValidationFailure };

async function settled(look: Promise<Look>): Promise<SettledLook> {
  try {
    return await look;
  } catch (error) {
    if (error instanceof ValidationFailure) return { failure: error };
    throw error;
  }
}

async function lookUp(at: string, resolver: Resolver, attempt: Attempt): Promise<TextRecord[]> {
  const name = `${PERSIST_LABEL}.${at}`;
  // A name that is too long with the label has no record.
  return recordedLookup(name, attempt, async () =>
    name.length > 253 ? [] : resolver.textRecords(name, attempt.deadline),
  );
}

/** Until when the best of the records permits; null when none does. */
function best(look: SettledLook, now: number, longest: number): number | null {
  if ('failure' in look) return null;
  const ends = look.records.flatMap(({ text, ttl }) => {
    const verdict = judgeRecord(text.toString('latin1'), look.asked);
    if (verdict.kind !== 'grants') return [];
    const reuse = now + Math.max(SHORTEST, Math.min(ttl * 1000, longest));
    return [Math.min(reuse, verdict.until ?? Number.POSITIVE_INFINITY)];
  });
  return ends.length === 0 ? null : Math.max(...ends);
}

/** The closest record of this authority that refuses; else the failed lookup; else that there is none. */
function whyNot(
  name: string,
  looks: readonly SettledLook[],
  { issuer, url, wildcard }: { issuer: string; url: string; wildcard: boolean },
): ValidationFailure {
  for (const look of looks) {
    if ('failure' in look) continue;
    for (const { text } of look.records) {
      const verdict = judgeRecord(text.toString('latin1'), look.asked);
      if (verdict.kind !== 'refuses') continue;
      const detail = `the TXT record ${excerpt(text, 120)} of ${PERSIST_LABEL}.${look.at} ${verdict.why}`;
      return new ValidationFailure(verdict.type, detail, false);
    }
  }
  for (const look of looks) if ('failure' in look) return look.failure;
  const expected = persistRecord({ issuer, accountUri: url, wildcard });
  const detail = `${PERSIST_LABEL}.${name} has no TXT record of this authority; expected "${expected}"`;
  return new ValidationFailure('unauthorized', detail, true);
}

/** §8 of -01: the value of the TXT record by which an account gets a name. */
export function persistRecord({ issuer, accountUri, wildcard, until = null }: PersistRecord): string {
  const more = [
    ...(wildcard ? ['policy=wildcard'] : []),
    ...(until === null ? [] : [`persistUntil=${until}`]),
  ];
  return [issuer, `accounturi=${accountUri}`, ...more].join('; ');
}

interface PersistRecord {
  issuer: string;
  accountUri: string;
  wildcard: boolean;
  /** Seconds since 1970. */
  until?: number | null;
}

/** Every form of `accounturi` at this name: the account's URLs (-01), and their hashes with and without the name (-02 §4.1). */
function accountUrisAt(name: string, urls: readonly string[], thumbprint: string): ReadonlySet<string> {
  const hashed = urls.flatMap((url) => {
    const prefix = `${new URL(url).origin}${ACCOUNT_HASH_PATH}sha-256/`;
    return [name, '*'].map((domain) => prefix + accountHash(domain, thumbprint, url));
  });
  return new Set([...urls, ...hashed]);
}

/** base64url SHA-256 of the name after its length, the key's thumbprint and the account's URL (-02 §4.1). */
export function accountHash(domain: string, thumbprint: string, url: string): string {
  const hash = createHash('sha256').update(Buffer.from([domain.length]));
  return hash.update(domain).update(thumbprint).update(url).digest('base64url');
}

const withoutDot = (name: string): string => (name.endsWith('.') ? name.slice(0, -1) : name);
