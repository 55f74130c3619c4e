import { isIP } from 'node:net';
import { encodeNameConstraints, NEVER, type Subtree } from '../../x509/name-constraints.js';

/**
 * Value of the name constraints that permit this and nothing else of DNS names, addresses, mailboxes and URIs: DNS names (with all below them), CIDRs,
 * `@host` and `@.host` (mailboxes there, or at hosts below), `somebody@host`. A DNS name permits the mailboxes and URIs of its hosts too.
 * Null when nothing is said: every name is free.
 *
 * What is not permitted of DNS names and addresses is excluded as CA/B BR §7.1.2.10.8 wants it. Not every program takes an empty name as
 * "all" (Java for DNS, OpenSSL for mailboxes), so a name nobody can have is permitted as well: then no other is.
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
