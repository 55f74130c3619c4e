import { BlockList, isIPv6 } from 'node:net';
import type { Identifier, Node } from '../../model/facts.js';
import { parseIdentifier } from '../../model/identifiers.js';
import { forIdentifiers, Problem } from '../../model/problem.js';
import { Refused } from '../../model/refusal.js';

/** The names, wildcards, addresses and networks of a node, as an administrator writes them. */
interface WrittenNames {
  /** Exact names and addresses. */
  explicit: string[];
  /** `*.` and a domain, or a network (CIDR), normalised. */
  patterns: string[];
}

/** Separates names from patterns. @throws Refused for an invalid wildcard or network, naming the field */
export function readWritten(written: readonly string[], field: string): WrittenNames {
  const read: WrittenNames = { explicit: [], patterns: [] };
  for (const [index, each] of written.entries()) {
    const text = each.trim();
    if (text.includes('/') && !text.includes('://'))
      read.patterns.push(networkOf(text, `${field}[${index}]`));
    else if (text.startsWith('*.')) read.patterns.push(wildcardOf(text, `${field}[${index}]`));
    else read.explicit.push(text);
  }
  return { explicit: [...new Set(read.explicit)], patterns: [...new Set(read.patterns)] };
}

function wildcardOf(text: string, field: string): string {
  try {
    return parseIdentifier({ type: 'dns', value: text }).value;
  } catch (error) {
    if (error instanceof Problem) throw new Refused('invalidRequest', error.detail, { field: field });
    throw error;
  }
}

function networkOf(text: string, field: string): string {
  const [, address = '', bits = ''] = /^([0-9A-Fa-f.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  try {
    const { value } = parseIdentifier({ type: 'ip', value: address });
    const prefix = Number(bits);
    if (bits !== '' && prefix <= (isIPv6(value) ? 128 : 32)) return `${value}/${prefix}`;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
  throw new Refused(
    'invalidRequest',
    `"${text.slice(0, 64)}" is no network: an address, a slash and a number of bits`,
    { field: field },
  );
}

/** How a node is entitled to a name: `explicit` by its names, by a `pattern`, or not at all (null). */
function holds(
  node: Pick<Node, 'names' | 'patterns'>,
  identifier: Identifier,
): 'explicit' | 'pattern' | null {
  const { type, value } = identifier;
  if (node.names.some((name) => name.type === type && name.value === value)) return 'explicit';
  return node.patterns.some((pattern) => covers(pattern, identifier)) ? 'pattern' : null;
}

/** RFC 9525 §6.3: the `*` of a wildcard matches one label. The wildcard covers itself too. */
function covers(pattern: string, { type, value }: Identifier): boolean {
  if (pattern.startsWith('*.')) {
    return type === 'dns' && value.slice(value.indexOf('.')) === pattern.slice(1);
  }
  if (type !== 'ip') return false;
  const [address = '', bits = '0'] = pattern.split('/');
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  if (isIPv6(value) !== (family === 'ipv6')) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family);
  return list.check(value, family);
}

/** @throws Problem rejectedIdentifier, with a subproblem each when several names are not the node's (RFC 8555 §6.7.1) */
export function requireHeld(
  node: Pick<Node, 'cn' | 'names' | 'patterns'>,
  identifiers: readonly Identifier[],
): void {
  const refused = identifiers.filter((identifier) => holds(node, identifier) === null);
  if (refused.length === 0) return;
  throw forIdentifiers(
    refused.map(
      (identifier) =>
        new Problem('rejectedIdentifier', `"${identifier.value}" is not a name of node "${node.cn}"`, {
          identifier,
        }),
    ),
  );
}
