import { isIP } from 'node:net';

/** The DNS servers and options in resolv.conf(5). */
export interface ResolvConf {
  /** Addresses of DNS servers, in order. */
  servers: string[];
  /** Suffixes tried for a name without dots; null: the domain of the host's own name. */
  search: string[] | null;
  /** The number of dots from which a name is first tried as it is. Used here only for names without dots. */
  ndots: number;
  /** The option use-vc: the servers are queried over TCP only. */
  overTcp: boolean;
}

/** MAXNS of the system's own resolver. */
const MOST_SERVERS = 3;
const MOST_SUFFIXES = 32;
/** The server of a file that names none. */
const DEFAULT_SERVER = '127.0.0.1';

/** Reads resolv.conf. The last of `search` and `domain` is used; unknown lines are ignored. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  let search: string[] | null = null;
  let ndots = 1;
  let overTcp = false;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.split(/[ \t\r]+/).filter((word) => word !== '');
    if (keyword === 'nameserver' && isIP(values[0] ?? '') !== 0) servers.push(values[0] ?? '');
    if (keyword === 'domain') search = suffixes(values.slice(0, 1));
    if (keyword === 'search') search = suffixes(values);
    if (keyword === 'options') {
      const option = values.flatMap((value) => /^ndots:(\d{1,3})$/.exec(value)?.[1] ?? []).at(-1);
      if (option !== undefined) ndots = Number(option);
      overTcp ||= values.includes('use-vc');
    }
  }
  const used = servers.length > 0 ? servers.slice(0, MOST_SERVERS) : [DEFAULT_SERVER];
  return { servers: used, search, ndots, overTcp };
}

function suffixes(values: string[]): string[] {
  return values
    .map((value) => value.toLowerCase().replace(/^\.|\.$/g, ''))
    .filter((value) => value !== '')
    .slice(0, MOST_SUFFIXES);
}
