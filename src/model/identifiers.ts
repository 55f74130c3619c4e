import { DerError } from '../x509/der-error.js';
import { HostNameError, readHostName } from '../x509/host-name.js';
import { hostAddress } from '../x509/ip-address.js';
import type { Identifier } from './facts.js';
import { forIdentifiers, Problem } from './problem.js';

/**
 * Parsing of the identifiers in a client's request (RFC 8555 §7.1.3, §9.7.7; RFC 8738): each is normalised to the form
 * that the program compares, or refused with a problem. Pure.
 */

/**
 * Parses an `identifiers` member: a non-empty array of `{type, value}`. Duplicates are merged; the order stays.
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

/** Parses one identifier. @throws Problem malformed, unsupportedIdentifier or rejectedIdentifier */
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

/** Lower-case A-labels, with the `*.` of a wildcard. A wildcard for a whole top-level domain is refused. */
function parseDnsName(text: string): string {
  const identifier: Identifier = { type: 'dns', value: clip(text) };
  let name: string;
  try {
    name = readHostName(text);
  } catch (error) {
    if (!(error instanceof HostNameError)) throw error;
    throw new Problem('malformed', `"${clip(text)}" ${error.message}`, { identifier });
  }
  if (name.startsWith('*.') && !name.includes('.', 2)) {
    const why = `"${clip(text)}" is a wildcard for a whole top-level name`;
    throw new Problem('rejectedIdentifier', why, { identifier });
  }
  return name;
}

/** RFC 8738 §2: IPv4 in dotted decimal or IPv6 in RFC 5952 form; other spellings are converted. */
function parseIpAddress(text: string): string {
  try {
    return hostAddress(text);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    const identifier: Identifier = { type: 'ip', value: clip(text) };
    throw new Problem('malformed', `"${clip(text)}" is not an IP address`, { identifier });
  }
}

/** The part of a client's text that may be repeated in answers and logs. */
function clip(text: string): string {
  const printable = text.replace(/[^\x20-\x7e\u00a1-\uffff]/g, '\ufffd').replaceAll('"', "'");
  return printable.length > 100 ? `${printable.slice(0, 100)}…` : printable;
}

/** A key that is equal for two identifiers exactly if the identifiers are equal. */
export function identifierKey(identifier: Identifier): string {
  return `${identifier.type}:${identifier.value}`;
}
