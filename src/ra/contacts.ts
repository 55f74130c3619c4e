import { Problem } from '../model/problem.js';

/** RFC 8555 §7.3: the `contact` member. */

/** Enough for a team, and an account's row stays small. */
const MAX_CONTACTS = 10;
const MAX_LENGTH = 320 + 'mailto:'.length; // RFC 5321 §4.5.3.1: 64 + 1 + 255
/** One address (RFC 5322 addr-spec) without quoting and comments, and without `hfields` (§7.3: MUST NOT contain them). */
const MAILTO =
  /^mailto:[a-z0-9!#$&'*+/=^_`{|}~.-]{1,64}@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

/** The checked contact URLs; empty for an absent member. @throws Problem malformed, unsupportedContact or invalidContact */
export function parseContacts(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw new Problem('malformed', '"contact" must be an array of URL strings');
  }
  if (value.length > MAX_CONTACTS) {
    throw new Problem('malformed', `"contact" has ${value.length} entries; at most ${MAX_CONTACTS} are kept`);
  }
  return (value as string[]).map(parseContact);
}

/** Trims blanks around the address, a common mistake in configuration files. */
function parseContact(text: string): string {
  const url = text.trim().replace(/^(mailto:) +/i, '$1');
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined)
    throw new Problem('invalidContact', 'a contact must be a URL such as mailto:admin@example.com');
  if (scheme !== 'mailto') {
    throw new Problem(
      'unsupportedContact',
      `contact scheme "${scheme.slice(0, 20)}" is not supported; use mailto`,
    );
  }
  if (/[?,]|%2c/i.test(url)) {
    throw new Problem(
      'invalidContact',
      'a mailto contact must hold one address and no header fields (RFC 8555 §7.3)',
    );
  }
  if (url.length > MAX_LENGTH || !MAILTO.test(url)) {
    throw new Problem('invalidContact', 'a mailto contact does not hold a valid e-mail address');
  }
  return url;
}
