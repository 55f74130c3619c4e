import { isIP } from 'node:net';

/** Names in lower case with their addresses in the order of the file (hosts(5)). */
export type Hosts = ReadonlyMap<string, readonly string[]>;

/** Reads a hosts file: each line has an address and its names; `#` begins a comment. A line without an address is ignored. */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = (line.split('#', 1)[0] ?? '').trim().split(/[ \t\r]+/);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      const known = hosts.get(key);
      if (known === undefined) hosts.set(key, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return hosts;
}
