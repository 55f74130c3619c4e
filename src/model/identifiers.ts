import { DerError } from '../x509/der-error.js';
import { HostNameError, readHostName } from '../x509/host-name.js';
import { hostAddress } from '../x509/ip-address.js';
import type { Identifier } from './facts.js';
import { forIdentifiers, Problem } from './problem.js';

/**
 * Reading the identifiers a client asks for (RFC 8555 §7.1.3, §9.7.7; RFC 8738): normalised to the one form the
 * rest of the program compares, or refused with the problem that says why. Pure.
 */

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

/** Lower-case A-labels, `*.` kept. RFC 8555 §7.1.3 knows no wildcard for a whole top-level name. */
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

/** RFC 8738 §2: IPv4 dotted decimal or RFC 5952 text; other spellings of the address are brought to it. */
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

/** A key under which two identifiers are equal exactly when they name the same thing. */
export function identifierKey(identifier: Identifier): string {
  return `${identifier.type}:${identifier.value}`;
}
