import { isIPv6 } from 'node:net';
import { Deadline } from '../deadline.js';
import { ValidationFailure } from '../failure.js';
import { DnsClient, DnsUnreachable, rcodeName } from './client.js';
import { DnsError, type DnsRecord, type RecordType } from './message.js';
import type { DnsServer } from './server.js';
import { type SystemFiles, SystemNames } from './system-names.js';
import { SystemServices } from './system-services.js';

/** RFC 1034 §3.6.2 sets no limit on aliases; real chains are shorter. */
const MAX_ALIASES = 8;
/** Longest wait for the addresses of the other family, in ms (RFC 8305 §3): some servers never answer for one family. */
const OTHER_FAMILY_WAIT = 500;

export interface CaaRecord {
  critical: boolean;
  tag: string;
  value: string;
}

export interface TextRecord {
  text: Buffer;
  /** Seconds for which the record may be cached (RFC 1035 §3.2.1). A caching resolver returns the remaining time. */
  ttl: number;
}

/** Looks up the records for a validation. Every method throws only ValidationFailure of type `dns`. */
export interface Resolver {
  /** Addresses of a name, IPv6 first; never empty. */
  addresses(name: string, deadline: Deadline): Promise<string[]>;
  /** TXT values of a name, aliases followed; empty when there are none. */
  txt(name: string, deadline: Deadline): Promise<Buffer[]>;
  /** Like `txt`, with the TTL of each record. */
  textRecords(name: string, deadline: Deadline): Promise<TextRecord[]>;
  /** CAA records of exactly this name, aliases followed; empty when there are none. */
  caa(name: string, deadline: Deadline): Promise<CaaRecord[]>;
  /** True when no DNS server answered recently. */
  readonly isSilent: boolean;
  /** Checks in the background whether any DNS server answers. */
  probe(): void;
  stop(): void;
}

interface ResolverOptions {
  /** DNS servers. Empty: addresses come from the system's hosts file and name services, other records from its DNS servers. */
  servers: DnsServer[];
  /** The system's files; for tests. */
  system?: SystemFiles;
  /** Called when the DNS servers stop answering, and when one answers again. */
  onSilence?(isSilent: boolean): void;
}

/** Assembles a resolver. */
export function createResolver({ servers, system, onSilence }: ResolverOptions): Resolver {
  const names = new SystemNames(system);
  const others = new SystemServices();
  const own = servers.length > 0;
  const client = new DnsClient({
    servers: () => (own ? servers : names.servers()),
    ...(onSilence && { onSilence }),
  });
  const records = recordLookup(client);
  const textRecords = async (name: string, deadline: Deadline): Promise<TextRecord[]> =>
    (await records(name, 'TXT', deadline)).flatMap((each) => (each.type === 'TXT' ? [each] : []));
  return {
    addresses: own
      ? (name, deadline) => dnsAddresses(records, name, deadline)
      : (name, deadline) => systemAddresses({ names, others, records }, name, deadline),
    txt: async (name, deadline) => (await textRecords(name, deadline)).map(({ text }) => text),
    textRecords,
    caa: async (name, deadline) =>
      (await records(name, 'CAA', deadline)).flatMap((each) => (each.type === 'CAA' ? [each] : [])),
    get isSilent() {
      return client.isSilent;
    },
    probe: () => client.probe(),
    stop: () => client.stop(),
  };
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
    // NXDOMAIN may come with an alias whose target does not exist. The caller treats both as no records.
    if (rcode === 0 || rcode === 3) return answers;
    throw new ValidationFailure('dns', `${type} lookup for ${name}: ${rcodeName(rcode)}`, true);
  } catch (error) {
    if (error instanceof ValidationFailure) throw error;
    const isTold = error instanceof DnsUnreachable || error instanceof DnsError;
    const why = isTold ? error.message : 'the question could not be asked';
    throw new ValidationFailure('dns', `${type} lookup for ${name} failed: ${why}`, true);
  }
}

/** The end of the answer's chain of CNAMEs from the name. */
function followAliases(answers: DnsRecord[], name: string): string {
  let current = name.toLowerCase();
  for (let hops = 0; hops <= answers.length; hops += 1) {
    const alias = answers.find((record) => record.type === 'CNAME' && record.name === current);
    if (alias?.type !== 'CNAME') break;
    current = alias.target;
  }
  return current;
}

/** A DNS server answered that the name has no address. */
class NoAddress extends ValidationFailure {
  constructor(name: string) {
    super('dns', `${name} has no A or AAAA record`, true);
  }
}

async function dnsAddresses(records: RecordLookup, name: string, deadline: Deadline): Promise<string[]> {
  const limit = new Deadline(OTHER_FAMILY_WAIT * 100, deadline);
  try {
    const both = [records(name, 'AAAA', limit), records(name, 'A', limit)];
    const [six, four] = await settledOrLate(both, OTHER_FAMILY_WAIT);
    const found = [six, four]
      .flatMap((each) => (each?.status === 'fulfilled' ? each.value : []))
      .flatMap((record) => (record.type === 'A' || record.type === 'AAAA' ? [record.address] : []));
    if (found.length > 0) return [...new Set(found)];
    for (const each of [four, six]) if (each?.status === 'rejected') throw each.reason;
    throw new NoAddress(name);
  } finally {
    limit.release();
    limit.end();
  }
}

/** The outcomes of all lookups. After the first success the others have this many ms left; the outcome of a late one is null. */
function settledOrLate<T>(
  work: readonly Promise<readonly T[]>[],
  milliseconds: number,
): Promise<(PromiseSettledResult<readonly T[]> | null)[]> {
  const outcomes: (PromiseSettledResult<readonly T[]> | null)[] = work.map(() => null);
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const settle = (index: number, outcome: PromiseSettledResult<readonly T[]>) => {
      outcomes[index] = outcome;
      if (outcomes.every((each) => each !== null)) {
        clearTimeout(timer);
        resolve(outcomes);
      } else if (outcome.status === 'fulfilled' && outcome.value.length > 0) {
        timer ??= setTimeout(() => resolve([...outcomes]), milliseconds);
      }
    };
    work.forEach((each, index) => {
      each.then(
        (value) => settle(index, { status: 'fulfilled', value }),
        (reason) => settle(index, { status: 'rejected', reason }),
      );
    });
  });
}

/** Looks up addresses as the system does: in its hosts file, in DNS (with the search list for names without a dot), in other services. */
async function systemAddresses(
  { names, others, records }: { names: SystemNames; others: SystemServices; records: RecordLookup },
  name: string,
  deadline: Deadline,
): Promise<string[]> {
  const services = names.services();
  let failure: unknown = null;
  for (const service of services.order) {
    if (service === 'files') {
      const found = names.inHosts(name);
      if (found.length > 0) return six(found);
      continue;
    }
    for (const each of names.inDns(name)) {
      try {
        return await dnsAddresses(records, each, deadline);
      } catch (error) {
        // A lookup that failed is reported before one that found nothing.
        if (failure === null || failure instanceof NoAddress) failure = error;
      }
    }
  }
  if (services.others && (failure === null || failure instanceof NoAddress)) {
    const found = await others.addresses(name, deadline);
    if (found.length > 0) return six(found);
  }
  if (failure !== null && !(failure instanceof NoAddress)) throw failure;
  throw new ValidationFailure('dns', `${name} is not in the hosts file and has no A or AAAA record`, true);
}

/** IPv6 before IPv4, otherwise in the given order. */
function six(addresses: readonly string[]): string[] {
  const unique = [...new Set(addresses)];
  return [...unique.filter((each) => isIPv6(each)), ...unique.filter((each) => !isIPv6(each))];
}
