import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { Identifier } from './facts.js';
import { forIdentifiers, Problem } from './problem.js';

/**
 * Reading the identifiers a client asks for (RFC 8555 §7.1.3, §9.7.7; RFC 8738): normalised to the one form the
 * rest of the program compares, or refused with the problem that says why. Pure.
 */

/** RFC 1035 §2.3.4: 253 characters as text, 63 an octet label. */
const MAX_NAME = 253;
/** Letters, digits, hyphen; no hyphen at either end (RFC 5890 §2.3.1 LDH label). */
const LDH_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const ASCII = /^[\x21-\x7e]*$/;

/**
 * A whole `identifiers` member: a non-empty array of `{type, value}`, duplicates merged in first-seen order.
 * @throws Problem malformed for a wrong shape; one problem per bad identifier, as subproblems when several (§6.7.1).
 */
export function parseIdentifiers(value: unknown, limit: number): Identifier[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new Problem('malformed', '"identifiers" must be an array of at least one identifier');
  }
  if (value.length > limit) {
    throw new Problem('malformed', `"identifiers" has ${value.length} entries; at most ${limit} are allowed`);
  }
  const accepted = new Map<string, Identifier>();
  const problems: Problem[] = [];
  for (const item of value) {
    try {
      const identifier = parseIdentifier(item);
      accepted.set(identifierKey(identifier), identifier);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problems.push(error);
    }
  }
  if (problems.length > 0) throw forIdentifiers(problems);
  return [...accepted.values()];
}

/** One identifier object. @throws Problem malformed, unsupportedIdentifier or rejectedIdentifier. */
export function parseIdentifier(item: unknown): Identifier {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw new Problem('malformed', 'an identifier must be an object with "type" and "value"');
  }
  const { type, value } = item as { type?: unknown; value?: unknown };
  if (typeof type !== 'string' || typeof value !== 'string') {
    throw new Problem('malformed', 'an identifier needs a string "type" and a string "value"');
  }
  if (type === 'dns') return { type, value: parseDnsName(value) };
  if (type === 'ip') return { type, value: parseIpAddress(value) };
  throw new Problem(
    'unsupportedIdentifier',
    `identifier type "${clip(type)}" is not supported; use dns or ip`,
    {
      identifier: { type: clip(type), value: clip(value) },
    },
  );
}

/** Lower-case A-labels, `*.` kept; a trailing dot, an empty or overlong label, an address or a bare wildcard is refused. */
function parseDnsName(text: string): string {
  const identifier: Identifier = { type: 'dns', value: clip(text) };
  const malformed = (why: string) => new Problem('malformed', `"${clip(text)}" ${why}`, { identifier });
  const rejected = (why: string) =>
    new Problem('rejectedIdentifier', `"${clip(text)}" ${why}`, { identifier });

  if (text.length === 0 || text.length > 4 * MAX_NAME) throw malformed('is not a DNS name');
  if (isIP(text) !== 0) throw malformed('is an IP address; use an identifier of type "ip" (RFC 8738)');
  if (text.endsWith('.')) throw malformed('ends in a dot; give the name without it');
  const wildcard = text.startsWith('*.');
  const base = toAscii(wildcard ? text.slice(2) : text);
  if (base === null) throw malformed('is not a valid internationalised name (IDNA)');
  if (base.length > MAX_NAME - (wildcard ? 2 : 0)) throw malformed(`is longer than ${MAX_NAME} characters`);
  if (base.includes('*')) throw malformed('has a "*" other than one whole leftmost label (RFC 8555 §7.1.3)');
  const labels = base.split('.');
  for (const label of labels) {
    if (!LDH_LABEL.test(label)) throw malformed('has a label that is not letters, digits and inner hyphens');
  }
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? ''))
    throw malformed('ends in a number, as an address would');
  if (wildcard && labels.length < 2) throw rejected('is a wildcard for a whole top-level name');
  return wildcard ? `*.${base}` : base;
}

/** IDNA A-labels in lower case (RFC 5891 §5), or null. Plain LDH names do not go through the IDNA tables. */
function toAscii(name: string): string | null {
  const lower = name.toLowerCase();
  if (ASCII.test(lower) && !lower.includes('xn--')) return lower;
  // The WHATWG reading maps some ASCII punctuation and fullwidth dots away: only a name that keeps its labels is taken.
  const ascii = domainToASCII(lower);
  return ascii === '' || ascii.split('.').length !== lower.split('.').length ? null : ascii;
}

/** RFC 8738 §2: IPv4 dotted decimal or RFC 5952 text; other spellings of the address are brought to it. */
function parseIpAddress(text: string): string {
  const identifier: Identifier = { type: 'ip', value: clip(text) };
  const version = isIP(text);
  if (version === 0 || text.includes('%')) {
    throw new Problem('malformed', `"${clip(text)}" is not an IP address`, { identifier });
  }
  return version === 4 ? text : canonicalIpv6(text);
}

/** RFC 5952 §4 form of a valid IPv6 text, by the URL parser, which compresses exactly so. */
export function canonicalIpv6(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

/** What of a client's text may be repeated to it and to logs. */
function clip(text: string): string {
  const printable = text.replace(/[^\x20-\x7e\u00a1-\uffff]/g, '\ufffd').replaceAll('"', "'");
  return printable.length > 100 ? `${printable.slice(0, 100)}…` : printable;
}

/** A key under which two identifiers are equal exactly when they name the same thing. */
export function identifierKey(identifier: Identifier): string {
  return `${identifier.type}:${identifier.value}`;
}
