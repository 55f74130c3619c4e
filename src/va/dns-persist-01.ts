import { createHash } from 'node:crypto';
import type { Attempt } from './attempt.js';
import { levelsOf } from './caa.js';
import type { Resolver, TextRecord } from './dns/resolver.js';
import { dnsNameOf, recordedLookup } from './dns-01.js';
import { excerpt, ValidationFailure } from './failure.js';
import { parseIssueValue } from './issue-value.js';
import type { ValidationRequest } from './types.js';

/**
 * draft-ietf-acme-dns-persist-01, with the hashed account URIs and the directory's members of -02. Where the
 * drafts differ, both forms of `accounturi` are accepted, and an authorization ends with the record's TTL
 * (-01) or at `persistUntil` (-02), whichever is earlier.
 */
export const PERSIST_LABEL = '_validation-persist';
/** -02 §4.1: the path of a hashed account URI after the base of the account's URL. */
const ACCOUNT_HASH_PATH = '/acme/account-hash/';

export interface DnsPersistOptions {
  /** Issuer domain names of this authority, lower case; at most 10 are offered. */
  issuers(): Promise<readonly string[]>;
  /** Longest validity of an authorization, in ms. */
  longest: number;
}

/** Shortest validity of a proof in ms, whatever the TTL: enough to finalize its order. */
const SHORTEST = 60_000;
/** Limit of queried ancestors, so that one request of a client does not cause more queries. */
const MOST_ANCESTORS = 16;

/** The requirements of a record. */
interface Asked {
  issuers: readonly string[];
  /** Whether an `accounturi` at the record's name is the account's. */
  isAccount(uri: string): boolean;
  /** Whether the record must also cover names below its own. */
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
export function judgeRecord(text: string, { issuers, isAccount, wildcard, now }: Asked): Verdict {
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
  if (!isAccount(accountUri)) return unauthorized('names another account');
  if (wildcard && parameters.get('policy')?.toLowerCase() !== 'wildcard') {
    return unauthorized('does not say policy=wildcard');
  }
  return { kind: 'grants', until };
}

/**
 * Looks for a persistent TXT record that permits the name to the account: at the name itself, or with
 * `policy=wildcard` at a parent name.
 * @returns the expiry of the proof, ms since the epoch
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
      isAccount: (uri) => isAccountAt(at, uri, urls, thumbprint),
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

/** The latest expiry that the records permit; null when no record permits the name. */
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

/** The failure to report: the closest record of this authority that refuses, else the failed lookup, else the missing record. */
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

/** §8 of -01: the value of the TXT record that permits a name to an account. */
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

/**
 * Whether `uri` is one of the account's URLs (-01), or the hash of one with or without the name (-02 §4.1). Only URLs at the base of a
 * hash are hashed: clients can add bases.
 */
function isAccountAt(name: string, uri: string, urls: readonly string[], thumbprint: string): boolean {
  if (urls.includes(uri)) return true;
  const [base = '', hash, ...more] = uri.split(`${ACCOUNT_HASH_PATH}sha-256/`);
  if (hash === undefined || more.length > 0) return false;
  const atBase = urls.filter((url) => url.startsWith(`${base}/`) && new URL(url).origin === base);
  return atBase.some((url) => [name, '*'].some((domain) => hash === accountHash(domain, thumbprint, url)));
}

/** base64url SHA-256 of the name after its length, the key's thumbprint and the account's URL (-02 §4.1). */
export function accountHash(domain: string, thumbprint: string, url: string): string {
  const hash = createHash('sha256').update(Buffer.from([domain.length]));
  return hash.update(domain).update(thumbprint).update(url).digest('base64url');
}

const withoutDot = (name: string): string => (name.endsWith('.') ? name.slice(0, -1) : name);
