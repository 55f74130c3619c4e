import type { Processes } from '../measure/processes.js';

/** A server under load: an ACME server and its processes. */
export interface Target {
  /** Its common name and version. */
  name: string;
  version: string;
  /** The state behind a response: `durable` or `memory`. */
  state: 'durable' | 'memory';
  directoryUrl: string;
  /** The CRL URL in its certificates. */
  crlUrl?: string;
  /** PEM of the root that its own certificate chains to. */
  serverRoot: string;
  /** The identifiers to order: a new name each time, or 127.0.0.1. */
  identifiers: 'dns' | 'ip';
  /** Its process ids by name. */
  pids: Record<string, number>;
  /** Process ids of a part with a changing number of processes, by name. */
  groups?(): Record<string, readonly number[]>;
  stop(): Promise<void>;
}

/** Its current process ids, by name. */
export function processesOf({ pids, groups }: Target): Processes {
  return { ...Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, [pid]])), ...groups?.() };
}

/** The facts about the test network that the server's validator needs. */
export interface Network {
  /** `address:port` of the DNS server. */
  dns: string;
  /** The port where http-01 is answered. */
  httpPort: number;
}
