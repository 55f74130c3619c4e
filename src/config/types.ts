import { isIP, isIPv4, isIPv6 } from 'node:net';
import { parseDateOrTime } from '../lib/rfc3339.js';

/**
 * Converts a setting's text to a value. `parse` throws a `RangeError` for anything that `allowed` does not describe; its
 * message may name the wrong part.
 */
export interface SettingType<T> {
  /** Describes the allowed texts, as the end of the sentence "… must be". */
  allowed: string;
  parse(text: string): T;
  /** The shortest text for a value, for defaults in help and docs. */
  format(value: T): string;
  /** The printable part of a secret value. Without this function nothing is printed. */
  mask?(value: T): string;
}

/** Ends the parsing of a text that is not allowed. @param why the wrong part, in a clause */
export const refuse = (why = ''): never => {
  throw new RangeError(why);
};

/** A setting whose value is the text that `parse` returns. */
export function verbatim(allowed: string, parse: (text: string) => string): SettingType<string> {
  return { allowed, parse, format: (value) => value };
}

/** One line of text without control characters. */
export function text(allowed: string, pattern = /^[^\p{Cc}]+$/u): SettingType<string> {
  return verbatim(allowed, (value) => (pattern.test(value) ? value : refuse()));
}

export const path = text('a path');

/** A secret. Only the line end that a file or shell adds is removed. */
export const secret = text('one line of text, not empty');

const TRUE = ['true', '1', 'yes', 'on'];
const FALSE = ['false', '0', 'no', 'off'];

export const boolean: SettingType<boolean> = {
  allowed: 'true or false (also 1, yes, on, 0, no, off)',
  parse: (value) => {
    const word = value.toLowerCase();
    if (TRUE.includes(word)) return true;
    return FALSE.includes(word) ? false : refuse();
  },
  format: String,
};

export function integer(min: number, max: number, what = 'a whole number'): SettingType<number> {
  return {
    allowed: `${what} from ${min} to ${max}`,
    parse: (value) => {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      return number >= min && number <= max ? number : refuse();
    },
    format: String,
  };
}

/** 0 lets the system choose, for tests and for several instances on one machine. */
export const port: SettingType<number> = integer(0, 65535, 'a port');

export function choice<const Word extends string>(...words: Word[]): SettingType<Word> {
  return {
    allowed: words.length === 2 ? words.join(' or ') : `one of ${words.join(', ')}`,
    parse: (value) => words.find((word) => word === value) ?? refuse(),
    format: (value) => value,
  };
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;

export function formatDuration(milliseconds: number): string {
  const units = Object.entries(UNITS).reverse();
  const [unit, size] = units.find(([, each]) => milliseconds > 0 && milliseconds % each === 0) ?? ['ms', 1];
  return `${milliseconds / size}${unit}`;
}

/** Milliseconds, written with a unit. */
export function duration(min: number, max: number): SettingType<number> {
  return {
    allowed: `a duration from ${formatDuration(min)} to ${formatDuration(max)}, such as 250ms, 30s, 10m, 12h or 7d`,
    parse: (value) => {
      const [, count, unit] = DURATION.exec(value) ?? refuse();
      const milliseconds = Number(count) * UNITS[unit as keyof typeof UNITS];
      return milliseconds >= min && milliseconds <= max ? milliseconds : refuse();
    },
    format: formatDuration,
  };
}

/** Like `duration`, but a plain number means days, as in older versions. */
export function durationOrDays(min: number, max: number): SettingType<number> {
  const { allowed, parse, format } = duration(min, max);
  return {
    allowed: `${allowed}, or a number of days`,
    parse: (value) => parse(/^\d+$/.test(value) ? `${value}d` : value),
    format,
  };
}

/** An instant, in milliseconds since the epoch. */
export const time: SettingType<number> = {
  allowed: 'a date or time such as 2026-03-01 or 2026-03-01T12:00:00Z',
  parse: (value) => parseDateOrTime(value) ?? refuse(),
  format: (value) => new Date(value).toISOString(),
};

/** The base of the program's own URLs, without a path, so that all paths are as documented. */
export function origin(...schemes: ('http' | 'https')[]): SettingType<string> {
  const example = `${schemes.at(-1)}://pki.example.internal:8000`;
  return {
    allowed: `an ${schemes.join(' or ')} URL without path, query or user, such as ${example}`,
    parse: (value) => {
      const url = parseUrl(value);
      if (!schemes.some((scheme) => url.protocol === `${scheme}:`))
        refuse(`it is not ${schemes.join(' or ')}`);
      if (url.pathname !== '/' || url.search || url.hash) refuse('it has a path, a query or a fragment');
      return url.origin;
    },
    format: (value) => value,
  };
}

export const webPage = verbatim('an http or https URL', (value) => {
  const url = parseUrl(value);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : refuse();
});

/** A web page, recognised by its scheme, or a local file. */
export const pathOrWebPage = verbatim('a path, or an http or https URL', (value) =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? webPage.parse(value) : path.parse(value),
);

function parseUrl(value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : refuse('it is not a URL');
  if (url.username || url.password) refuse('it holds a user or password');
  return url;
}

/** A comma-separated list. Empty parts are dropped, so a trailing comma is harmless. */
export function list<T>(item: SettingType<T>, plural: string): SettingType<T[]> {
  return {
    allowed: `${plural}, separated by commas`,
    parse: (value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
        .map((part) => {
          try {
            return item.parse(part);
          } catch {
            return refuse(`"${part}" is not ${item.allowed}`);
          }
        }),
    format: (values) => values.map((value) => item.format(value)).join(','),
  };
}

/** RFC 1123 §2.1 labels, at most 253 octets (RFC 1035 §2.3.4); underscores are not allowed. */
const HOST_NAME =
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

export const isHostName = (value: string): boolean => HOST_NAME.test(value) && !/^[\d.]+$/.test(value);

export const hostName = verbatim('a DNS name', (value) =>
  isHostName(value) ? value.toLowerCase() : refuse(),
);

export const host = verbatim('a host name or an IP address', (value) =>
  isIP(value) || isHostName(value) ? value.toLowerCase() : refuse(),
);

/** Host and port of a server; the address is textual, IPv6 written in brackets. */
export interface HostPort {
  host: string;
  port: number;
}

/** `host`, `host:port`, `[v6]:port`; a bare IPv6 address takes the default port. */
export function hostPort(defaultPort: number): SettingType<HostPort> {
  return {
    allowed: 'an IP address with or without a port, such as 10.0.0.53, 10.0.0.53:5353 or [fd00::53]:53',
    parse: (value) => {
      if (isIPv6(value)) return { host: value, port: defaultPort };
      const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(value) ?? refuse();
      const address = bracketed ?? plain ?? '';
      if (bracketed ? !isIPv6(address) : !isIPv4(address)) refuse();
      const number = digits === undefined ? defaultPort : port.parse(digits);
      return number > 0 ? { host: address, port: number } : refuse();
    },
    format: ({ host: address, port: number }) => `${isIPv6(address) ? `[${address}]` : address}:${number}`,
  };
}

/** A server by name or address; a null `port` means the default port. */
export interface Endpoint {
  host: string;
  port: number | null;
}

/** `host`, `host:port`, `[v6]:port`; a bare IPv6 address has no port. */
export const endpoint: SettingType<Endpoint> = {
  allowed: 'a host name or an IP address, with or without a port',
  parse: (value) => {
    if (isIPv6(value)) return { host: value.toLowerCase(), port: null };
    const [, bracketed, plain = '', digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(value) ?? refuse();
    if (bracketed !== undefined && !isIPv6(bracketed)) refuse();
    const number = digits === undefined ? null : port.parse(digits);
    return number === 0 ? refuse() : { host: bracketed?.toLowerCase() ?? host.parse(plain), port: number };
  },
  format: ({ host: name, port: number }) => {
    if (number === null) return name;
    return `${isIPv6(name) ? `[${name}]` : name}:${number}`;
  },
};

export const cidr = verbatim('a CIDR such as 10.0.0.0/8 or fd00::/8, or an IP address', (value) => {
  const [address = '', bits, more] = value.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined) refuse();
  if (bits === undefined) return value;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128) ? value : refuse();
});

/** An entry of a list of names and networks, such as UPKI_RA_ALLOW. */
export const nameOrCidr = verbatim('a DNS name, a CIDR or an IP address', (value) =>
  isHostName(value) ? value.toLowerCase() : cidr.parse(value),
);

/** A token or key URI (RFC 7512). Its user parses the parts. */
export const tokenUri = verbatim('a pkcs11: URI with a module-path (RFC 7512)', (value) =>
  /^pkcs11:[^?]*\?(?:.*&)?module-path=/i.test(value) ? value : refuse(),
);

/** A name that a name constraint can permit (RFC 5280 §4.2.1.10). */
export const permitted = verbatim(
  'a DNS name, a CIDR or an IP address, @host or @.host for mailboxes, or a mailbox',
  (value) => {
    const at = value.lastIndexOf('@');
    if (at < 0) return nameOrCidr.parse(value);
    const [local, host] = [value.slice(0, at), value.slice(at + 1).toLowerCase()];
    if (!/^[\w.!#$%&'*+/=?^`{|}~-]*$/.test(local) || !isHostName(host.replace(/^\./, ''))) refuse();
    return local !== '' && host.startsWith('.') ? refuse() : `${local}@${host}`;
  },
);

/** A list of permitted names. */
export const permittedNames = list(
  permitted,
  'DNS names (with all below them), CIDRs, IP addresses, and mailboxes as @host',
);

/** A proxy, identified by the common name of its certificate and its network. */
export interface ProxyAt {
  name: string;
  network: string;
}

export const proxyAt: SettingType<ProxyAt> = {
  allowed: 'NAME@CIDR, such as proxy.example.internal@10.0.0.0/24',
  parse: (value) => {
    const at = value.lastIndexOf('@');
    return at > 0 ? { name: value.slice(0, at), network: cidr.parse(value.slice(at + 1)) } : refuse();
  },
  format: ({ name, network }) => `${name}@${network}`,
};
