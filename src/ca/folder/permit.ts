import { isIP } from 'node:net';
import { encodeNameConstraints, NEVER, type Subtree } from '../../x509/name-constraints.js';

/**
 * Value of the name constraints that permit only these DNS names, addresses, mailboxes and URIs. Entries are
 * DNS names (with all names below), CIDRs, `@host` and `@.host` (mailboxes at the host, or at hosts below it)
 * and `user@host`. A DNS name also permits the mailboxes and URIs of its hosts. Null when the list is empty:
 * every name is permitted.
 *
 * Without an entry for DNS names or addresses, all of them are excluded as in CA/B BR §7.1.2.10.8. Some
 * programs do not read an empty name as "all" (Java for DNS, OpenSSL for mailboxes). For these a name that
 * never exists is permitted, which forbids all others.
 */
export function permitOnly(entries: readonly string[]): Buffer | null {
  if (entries.length === 0) return null;
  const networks = entries.filter((entry) => isIP(entry.split('/')[0] ?? '') !== 0);
  const mailboxes = entries.filter((entry) => entry.includes('@')).map((entry) => entry.replace(/^@/, ''));
  const names = entries.filter((entry) => !networks.includes(entry) && !entry.includes('@'));
  const hosts = names.flatMap((name) => [name, `.${name}`]);
  const of = (type: Subtree['type'], values: readonly string[]): Subtree[] =>
    [...new Set(values)].map((value) => ({ type, value }));
  const orNever = (values: readonly string[]) => (values.length === 0 ? [NEVER] : values);
  return encodeNameConstraints({
    permitted: [
      ...of('dns', orNever(names)),
      ...of('ip', networks.map(asCidr)),
      ...of('email', orNever([...hosts, ...mailboxes])),
      ...of('uri', orNever(hosts)),
    ],
    excluded: [
      ...(names.length === 0 ? of('dns', ['']) : []),
      ...(networks.length === 0 ? of('ip', ['0.0.0.0/0', '::/0']) : []),
    ],
  });
}

const asCidr = (entry: string): string =>
  entry.includes('/') ? entry : `${entry}/${isIP(entry) === 4 ? 32 : 128}`;
