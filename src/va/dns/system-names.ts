import { Resolver } from 'node:dns';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CurrentFile } from './current-file.js';
import { type Hosts, parseHosts } from './hosts-file.js';
import { type NameServices, parseNameServices } from './name-services.js';
import { parseResolvConf, type ResolvConf } from './resolv-conf.js';
import type { DnsServer } from './server.js';

const DNS_PORT = 53;
/** How long the servers of a system without resolv.conf are cached, in ms. */
const KNOWN_FOR = 2_000;

/** The system's files about names. */
export interface SystemFiles {
  hosts: string;
  /** Null: the system has no such file, and Node reports its servers. */
  resolvConf: string | null;
  nameServices: string | null;
  /** The port of its DNS servers, if not 53; for tests. */
  dnsPort?: number;
}

/** The system's own, by platform. */
function systemFiles(platform = process.platform): SystemFiles {
  if (platform === 'win32') {
    const root = process.env.SystemRoot ?? 'C:\\Windows';
    return { hosts: join(root, 'System32', 'drivers', 'etc', 'hosts'), resolvConf: null, nameServices: null };
  }
  const nameServices = platform === 'darwin' ? null : '/etc/nsswitch.conf';
  return { hosts: '/etc/hosts', resolvConf: '/etc/resolv.conf', nameServices };
}

/** The current contents of the system's files about names and DNS servers. */
export class SystemNames {
  readonly #hosts: CurrentFile<Hosts>;
  readonly #conf: CurrentFile<ResolvConf> | null;
  readonly #services: CurrentFile<NameServices> | null;
  readonly #port: number;
  #asked: { servers: DnsServer[]; until: number } = { servers: [], until: Number.NEGATIVE_INFINITY };

  constructor(files: SystemFiles = systemFiles()) {
    this.#port = files.dnsPort ?? DNS_PORT;
    this.#hosts = new CurrentFile(files.hosts, parseHosts);
    this.#conf = files.resolvConf === null ? null : new CurrentFile(files.resolvConf, parseResolvConf);
    this.#services =
      files.nameServices === null ? null : new CurrentFile(files.nameServices, parseNameServices);
  }

  /** Addresses of the hosts file, in its order; empty when it has none. */
  inHosts(name: string): readonly string[] {
    return this.#hosts.get().get(name.toLowerCase()) ?? [];
  }

  /** The sources of names. A system without the file has services of its own (multicast DNS and others). */
  services(): NameServices {
    return this.#services?.get() ?? { order: ['files', 'dns'], others: true };
  }

  servers(): DnsServer[] {
    if (this.#conf) {
      const { servers, overTcp } = this.#conf.get();
      return servers.map((host) => ({ host, port: this.#port, overTcp }));
    }
    const now = performance.now();
    if (now >= this.#asked.until) this.#asked = { servers: serversOfSystem(), until: now + KNOWN_FOR };
    return this.#asked.servers;
  }

  /**
   * The names to look up in DNS, in order. A name with a dot is looked up unchanged only: with a search list,
   * the owner of a suffix could answer for every name. A name without a dot is tried with each suffix, as the
   * system does.
   */
  inDns(name: string): string[] {
    if (name.includes('.') || !this.#conf) return [name];
    const { search, ndots } = this.#conf.get();
    const suffixed = (search ?? ownDomain()).map((suffix) => `${name}.${suffix}`);
    return ndots === 0 ? [name, ...suffixed] : [...suffixed, name];
  }
}

/** The current servers of the system, which a new resolver reads. */
function serversOfSystem(): DnsServer[] {
  return new Resolver().getServers().map((server) => {
    const [, six, sixPort, four, fourPort] = /^\[(.+)\]:(\d+)$|^([\d.]+):(\d+)$/.exec(server) ?? [];
    const host = six ?? four ?? server;
    return { host, port: Number(sixPort ?? fourPort ?? DNS_PORT) };
  });
}

/** resolv.conf(5): the suffix without a search list is the host's name after its first dot. */
function ownDomain(): string[] {
  const [, domain] = /^[^.]+\.(.+)$/.exec(hostname().toLowerCase()) ?? [];
  return domain === undefined ? [] : [domain];
}
