import type { Processes } from '../measure/processes.js';

/** A server under load: an ACME server and the processes it consists of. */
export interface Target {
  /** As people call it, with its version. */
  name: string;
  version: string;
  /** What an answer promises: `durable` or `memory`. */
  state: 'durable' | 'memory';
  directoryUrl: string;
  /** Where certificates say their CRL is. */
  crlUrl?: string;
  /** PEM of the root its own certificate chains to. */
  serverRoot: string;
  /** What it is asked for: a new name each time, or 127.0.0.1. */
  identifiers: 'dns' | 'ip';
  /** Its processes by what they are called. */
  pids: Record<string, number>;
  /** Of what consists of a changing number of processes, by what it is called. */
  groups?(): Record<string, readonly number[]>;
  stop(): Promise<void>;
}

/** What it consists of at the moment, by what it is called. */
export function processesOf({ pids, groups }: Target): Processes {
  return { ...Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, [pid]])), ...groups?.() };
}

/** What the server's validator needs to know of the test network. */
export interface Network {
  /** `address:port` of the DNS server. */
  dns: string;
  /** Where http-01 is answered. */
  httpPort: number;
}
