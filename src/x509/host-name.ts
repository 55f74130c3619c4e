import { isIP } from 'node:net';
import { toASCII, toUnicode } from 'tr46';
import { DerError } from './der-error.js';

/** A text that is not a DNS name. The message is a predicate, as in `"x" has an empty label`. */
export class HostNameError extends DerError {}

/** RFC 1035 §2.3.4: characters of a name without the trailing dot. */
const MAX_NAME = 253;
/** RFC 5890 §2.3.1, LDH label: letters, digits, hyphen; no hyphen at either end; 63 octets. */
const LDH_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const PRINTABLE_ASCII = /^[\x21-\x7e]*$/;
/** RFC 5890 §2.3.1: hyphens in the third and fourth place mark an encoded label; `xn--` is the only encoding. */
const RESERVED_LABEL = /^..--/;

/** All checks of UTS #46 §4. */
const STRICT = {
  checkHyphens: true,
  checkBidi: true,
  checkJoiners: true,
  useSTD3ASCIIRules: true,
  verifyDNSLength: true,
  transitionalProcessing: false,
};

/**
 * A DNS name in certificate form: lower case, A-labels, no trailing dot, a leading `*.` kept. UTS #46 converts a U-label to
 * its A-label (RFC 5890 §2.3.2.1). A name that UTS #46 would change in any way other than case (map, drop, compose, decode)
 * is refused, so that two texts that look different never give the same name.
 * @throws HostNameError
 */
export function readHostName(text: string): string {
  if (text.length === 0 || text.length > 4 * MAX_NAME) throw new HostNameError('is not a DNS name');
  if (isIP(text) !== 0) throw new HostNameError('is an IP address; use type "ip" (RFC 8738)');
  if (text.endsWith('.')) throw new HostNameError('ends in a dot; give the name without it');
  const prefix = text.startsWith('*.') ? '*.' : '';
  const base = toAscii(text.slice(prefix.length));
  if (base.length > MAX_NAME - prefix.length)
    throw new HostNameError(`is longer than ${MAX_NAME} characters`);
  if (base.includes('*'))
    throw new HostNameError('has a "*" other than one whole leftmost label (RFC 8555 §7.1.3)');
  const labels = base.split('.');
  if (!labels.every((label) => LDH_LABEL.test(label)))
    throw new HostNameError('has a label that is not letters, digits and inner hyphens');
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? ''))
    throw new HostNameError('ends in a number, as an address would');
  return prefix + base;
}

/** Lower-case A-labels. A plain LDH name skips the IDNA tables. */
function toAscii(name: string): string {
  const lower = lowered(name);
  const labels = lower.split('.');
  if (PRINTABLE_ASCII.test(lower) && !labels.some((label) => RESERVED_LABEL.test(label))) return lower;
  const ascii = toASCII(lower, STRICT)?.split('.') ?? [];
  const same = labels.every((label, index) => {
    const encoded = ascii[index] ?? '';
    return encoded === label || toUnicode(encoded, STRICT).domain === label;
  });
  if (!same || ascii.length !== labels.length)
    throw new HostNameError('is not a valid internationalised name (IDNA, UTS #46)');
  return ascii.join('.');
}

/** Lower case, but only one-to-one: the Kelvin sign does not become `k`. */
function lowered(name: string): string {
  if (PRINTABLE_ASCII.test(name)) return name.toLowerCase();
  return [...name]
    .map((character) => {
      const lower = character.toLowerCase();
      return lower.toUpperCase() === character ? lower : character;
    })
    .join('');
}
