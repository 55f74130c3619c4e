import { BoundedMap } from '../lib/bounded-map.js';
import { Deadline } from './deadline.js';
import type { CaaRecord, Resolver } from './dns/resolver.js';
import { ValidationFailure } from './failure.js';
import { parseIssueValue } from './issue-value.js';
import type { CaaRequest } from './types.js';

/**
 * `lenient`: a record set that is found applies; a failed lookup counts as an empty set, because names of
 * private networks are often not in the DNS. `strict`: a failed lookup forbids issuance (RFC 8659 §3). `off`:
 * CAA is not checked.
 */
export type CaaMode = 'lenient' | 'strict' | 'off';

export interface CaaOptions {
  mode: CaaMode;
  /** Issuer domain names of this authority (RFC 8659 §4.2), also in `meta.caaIdentities`. */
  identities: readonly string[];
}

/** How long a lenient check waits for each record set, in ms; SILENT_WAIT applies while no DNS server answers. */
const LENIENT_WAIT = 1_000;
const SILENT_WAIT = 25;
/**
 * How long the record set of an ancestor is cached, in ms: many names share it. The Baseline Requirements
 * (§4.2.2.1) allow eight hours, but a changed record should apply soon.
 */
const KNOWN_FOR = 5_000;
const MOST_KNOWN = 1_000;
/** RFC 8659 §4.1: the tags that this authority understands. A critical property with any other tag forbids issuance. */
const KNOWN_TAGS = new Set([
  'issue',
  'issuewild',
  'iodef',
  'contactemail',
  'contactphone',
  'issuemail',
  'issuevmc',
]);

/** Checks CAA records (RFC 8659, RFC 8657) of DNS names. */
export class CaaChecker {
  readonly #known = new BoundedMap<string, { records: CaaRecord[]; until: number }>(MOST_KNOWN);

  constructor(
    private readonly resolver: Resolver,
    private readonly options: CaaOptions,
    private readonly now: () => number,
  ) {}

  /** @throws ValidationFailure of type `caa` when forbidden; `dns` when strict and there is no answer. */
  async check(request: CaaRequest, deadline: Deadline): Promise<void> {
    const { mode, identities } = this.options;
    if (mode === 'off' || request.identifier.type !== 'dns') return;
    const found = await this.#relevantSet(request.identifier.value, deadline);
    if (found === null) return;
    const { type, wildcard } = request;
    const names = found.records.some(({ value }) => value.toLowerCase().includes('accounturi'));
    const accountUris = names ? await request.accountUris() : [];
    const why = forbidden(found.records, { type, wildcard, accountUris }, identities);
    if (why !== null)
      throw new ValidationFailure('caa', `CAA records of ${found.name} forbid issuance: ${why}`, false);
  }

  /**
   * RFC 8659 §3: the record set of the name or of its closest ancestor that has one, top-level domain included. A level that
   * cannot be looked up ends the search when strict; when lenient it counts as empty, and the levels above it still count.
   */
  async #relevantSet(
    name: string,
    deadline: Deadline,
  ): Promise<{ name: string; records: CaaRecord[] } | null> {
    const names = levelsOf(name);
    const lenient = this.options.mode === 'lenient';
    const wait = this.resolver.isSilent ? SILENT_WAIT : LENIENT_WAIT;
    const limit = lenient ? new Deadline(wait, deadline) : null;
    const sets = await Promise.allSettled(
      names.map((each, index) =>
        index === 0 ? this.resolver.caa(each, limit ?? deadline) : this.#ofAncestor(each, limit ?? deadline),
      ),
    );
    limit?.release();
    for (const [index, set] of sets.entries()) {
      if (set.status === 'fulfilled') {
        if (set.value.length > 0) return { name: names[index] ?? name, records: set.value };
      } else if (!lenient || !(set.reason instanceof ValidationFailure)) throw set.reason;
    }
    return null;
  }

  async #ofAncestor(name: string, deadline: Deadline): Promise<CaaRecord[]> {
    const now = this.now();
    const known = this.#known.get(name);
    if (known && now < known.until) return known.records;
    const records = await this.resolver.caa(name, deadline);
    this.#known.set(name, { records, until: now + KNOWN_FOR });
    return records;
  }
}

/** A name and its ancestors, the closest first, top-level domain included. */
export function levelsOf(name: string): string[] {
  const labels = name.split('.');
  return labels.map((_, index) => labels.slice(index).join('.'));
}

type CaaQuestion = Pick<CaaRequest, 'type' | 'wildcard'> & {
  /** Every URL of the account (RFC 8657 §3). */
  accountUris: readonly string[];
};

/** The reason why the record set forbids this issuance, or null when it does not. Pure. */
export function forbidden(
  records: readonly CaaRecord[],
  challenge: CaaQuestion,
  identities: readonly string[],
): string | null {
  const unknown = records.find((record) => record.critical && !KNOWN_TAGS.has(record.tag));
  if (unknown?.tag === '') return 'a record has no property tag';
  if (unknown) return `the critical property "${unknown.tag}" is not understood`;
  const wild = records.filter((record) => record.tag === 'issuewild');
  // §4.3: issuewild properties, if there are any, replace issue for wildcards.
  const relevant =
    challenge.wildcard && wild.length > 0 ? wild : records.filter((record) => record.tag === 'issue');
  if (relevant.length === 0) return null;
  return relevant.some((record) => permits(record.value, challenge, identities))
    ? null
    : `none of their ${relevant.length} issuers is this authority with this account and method`;
}

/** Whether a value permits this authority (RFC 8659 §4.2, RFC 8657). An unreadable value permits no authority. */
function permits(value: string, challenge: CaaQuestion, identities: readonly string[]): boolean {
  const parsed = parseIssueValue(value);
  if (!identities.some((identity) => identity.toLowerCase() === parsed?.issuer)) return false;
  const seen = new Set<string>();
  for (const { tag, value: content } of parsed?.parameters ?? []) {
    // RFC 8657 §3: a property with a duplicate parameter permits no authority.
    if (seen.has(tag) && (tag === 'accounturi' || tag === 'validationmethods')) return false;
    seen.add(tag);
    if (tag === 'accounturi' && !challenge.accountUris.includes(content)) return false;
    if (tag === 'validationmethods' && !content.split(',').some((method) => method === challenge.type))
      return false;
  }
  return true;
}
