import { getServers, lookup } from 'node:dns';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import type { Deadline } from '../deadline.js';
import { ValidationFailure } from '../failure.js';
import { DnsClient, DnsUnreachable, rcodeName } from './client.js';
import type { DnsRecord, RecordType } from './message.js';
import type { DnsServer } from './server.js';

/** RFC 1034 §3.6.2 sets no limit on aliases; real chains are shorter. */
const MAX_ALIASES = 8;

export interface CaaRecord {
  critical: boolean;
  tag: string;
  value: string;
}

/** Answers the questions of a validation. Every method throws ValidationFailure of type `dns` and nothing else. */
export interface Resolver {
  /** Addresses of a name, IPv6 first; never empty. */
  addresses(name: string, deadline: Deadline): Promise<string[]>;
  /** TXT values of a name, aliases followed; empty when there are none. */
  txt(name: string, deadline: Deadline): Promise<Buffer[]>;
  /** CAA records of exactly this name, aliases followed; empty when there are none. */
  caa(name: string, deadline: Deadline): Promise<CaaRecord[]>;
}

/** Through the resolvers given, or with none through the system: its hosts file and name services for addresses, its DNS servers for the rest. */
export function createResolver(servers: DnsServer[]): Resolver {
  const client = new DnsClient(() => (servers.length > 0 ? servers : systemServers()));
  const records = recordLookup(client);
  return {
    addresses:
      servers.length > 0 ? (name, deadline) => dnsAddresses(records, name, deadline) : systemAddresses,
    txt: async (name, deadline) =>
      (await records(name, 'TXT', deadline)).flatMap((each) => (each.type === 'TXT' ? [each.text] : [])),
    caa: async (name, deadline) =>
      (await records(name, 'CAA', deadline)).flatMap((each) => (each.type === 'CAA' ? [each] : [])),
  };
}

/** The servers of the system's resolver configuration. */
function systemServers(): DnsServer[] {
  return getServers().flatMap((server) => {
    const match = /^\[(.+)\]:(\d+)$/.exec(server) ?? /^([\d.]+):(\d+)$/.exec(server);
    if (match?.[1] && match[2]) return [{ host: match[1], port: Number(match[2]) }];
    return isIP(server) ? [{ host: server, port: 53 }] : [];
  });
}

type RecordLookup = (name: string, type: RecordType, deadline: Deadline) => Promise<DnsRecord[]>;

/** Records of a type at the end of a name's aliases. */
function recordLookup(client: DnsClient): RecordLookup {
  return async (name, type, deadline) => {
    let current = name;
    const seen = new Set<string>();
    while (!seen.has(current)) {
      if (seen.size > MAX_ALIASES) break;
      seen.add(current);
      const answer = await ask(client, current, type, deadline);
      const found = answer.filter((record) => record.type === type);
      const end = followAliases(answer, current);
      const atEnd = found.filter((record) => record.name === end);
      if (atEnd.length > 0 || end === current) return atEnd;
      current = end;
    }
    throw new ValidationFailure('dns', `${type} lookup for ${name}: its CNAMEs loop or are too many`, false);
  };
}

async function ask(
  client: DnsClient,
  name: string,
  type: RecordType,
  deadline: Deadline,
): Promise<DnsRecord[]> {
  try {
    const { rcode, answers } = await client.query(name, type, deadline);
    // NXDOMAIN may come with the alias that leads nowhere: nothing is there, which the caller judges.
    if (rcode === 0 || rcode === 3) return answers;
    throw new ValidationFailure('dns', `${type} lookup for ${name}: ${rcodeName(rcode)}`, true);
  } catch (error) {
    if (error instanceof ValidationFailure) throw error;
    const why = error instanceof DnsUnreachable ? error.message : String(error);
    throw new ValidationFailure('dns', `${type} lookup for ${name} failed: ${why}`, true);
  }
}

/** Where the answer's CNAMEs lead from the name. */
function followAliases(answers: DnsRecord[], name: string): string {
  let current = name.toLowerCase();
  for (let hops = 0; hops <= answers.length; hops += 1) {
    const alias = answers.find((record) => record.type === 'CNAME' && record.name === current);
    if (alias?.type !== 'CNAME') break;
    current = alias.target;
  }
  return current;
}

async function dnsAddresses(records: RecordLookup, name: string, deadline: Deadline): Promise<string[]> {
  const [six, four] = await Promise.allSettled([
    records(name, 'AAAA', deadline),
    records(name, 'A', deadline),
  ]);
  const found = [six, four]
    .flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
    .flatMap((record) => (record.type === 'A' || record.type === 'AAAA' ? [record.address] : []));
  if (found.length > 0) return [...new Set(found)];
  for (const each of [four, six]) if (each.status === 'rejected') throw each.reason;
  throw new ValidationFailure('dns', `${name} has no A or AAAA record`, true);
}

const lookupAll = promisify(lookup);

async function systemAddresses(name: string): Promise<string[]> {
  try {
    const found = await lookupAll(name, { all: true, verbatim: true });
    const addresses = [...found].sort((a, b) => b.family - a.family).map(({ address }) => address);
    if (addresses.length > 0) return [...new Set(addresses)];
    throw new ValidationFailure('dns', `${name} has no address`, true);
  } catch (error) {
    if (error instanceof ValidationFailure) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'failed';
    throw new ValidationFailure('dns', `the system cannot resolve ${name} (${code})`, true);
  }
}
