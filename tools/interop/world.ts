import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandOptions, run } from '../kit/command.js';
import { startTestDns, type TestDns } from '../kit/dns-hooks.js';
import { type ProcessOptions, RunningProcess } from '../kit/process.js';
import { freePorts } from '../kit/upki.js';
import type { Authority, StartAuthority } from './authority.js';

/** A network for one client: its own folder, a fresh authority, a DNS server, and the ports that validators dial. */
export interface World {
  /** Working directory of the client, and HOME. */
  folder: string;
  /** The client's output, command by command. */
  log: string;
  authority: Authority;
  dns: TestDns;
  /** The ports on 127.0.0.1 that validators dial for http-01 and tls-alpn-01. */
  httpPort: number;
  tlsPort: number;
  /** A name in this client's zone of the private top-level domain; every name resolves to 127.0.0.1. */
  name(label: string): string;
  /** Runs a command there. Environment variables make it trust the authority's root. */
  run(command: string, args: string[], options?: CommandOptions): Promise<string>;
  /** Starts a server there, in the same environment. */
  start(command: string, args: string[], options?: ProcessOptions): RunningProcess;
  /** Writes an executable shell script and returns its path. */
  script(name: string, body: string): Promise<string>;
  /** Writes a file and returns its path. */
  file(name: string, content: string): Promise<string>;
  read(path: string): Promise<string>;
  close(): Promise<void>;
  /** Deletes the folder. */
  forget(): Promise<void>;
}

/** @param parent the folder for the client's folder @param settings of uPKI */
export async function makeWorld(
  client: string,
  parent: string,
  start: StartAuthority,
  settings: Record<string, string> = {},
): Promise<World> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, `${client}-`));
  const log = join(folder, 'client.log');
  const dns = await startTestDns();
  const [httpPort = 0, tlsPort = 0] = await freePorts(2);
  const network = { dns: dns.address, httpPort, tlsPort };
  const authority = await start(network, folder, settings).catch(async (error) => {
    await dns.close();
    throw error;
  });
  const environment = {
    HOME: folder,
    LANG: 'C.UTF-8',
    // The variables that name a root: for OpenSSL and Go, Python's requests, curl, lego, Node.
    SSL_CERT_FILE: authority.serverRoot,
    SSL_CERT_DIR: join(folder, 'no-other-roots'),
    REQUESTS_CA_BUNDLE: authority.serverRoot,
    CURL_CA_BUNDLE: authority.serverRoot,
    LEGO_CA_CERTIFICATES: authority.serverRoot,
    NODE_EXTRA_CA_CERTS: authority.serverRoot,
  };
  const file = async (name: string, content: string, mode = 0o600) => {
    const path = join(folder, name);
    await writeFile(path, content, { mode });
    return path;
  };
  const here = <T extends CommandOptions | ProcessOptions>(options: T) => ({
    cwd: folder,
    log,
    ...options,
    env: { ...environment, ...options.env },
  });
  return {
    folder,
    log,
    authority,
    dns,
    httpPort,
    tlsPort,
    name: (label) => `${label}.${client}.internal`,
    run: (command, args, options = {}) => run(command, args, here(options)),
    start: (command, args, options = {}) => new RunningProcess(command, args, here(options)),
    script: (name, body) => file(name, `#!/bin/sh\nset -eu\n${body}\n`, 0o700),
    file,
    read: (path) => readFile(join(folder, path), 'utf8'),
    async close() {
      await dns.close();
      await authority.stop();
    },
    forget: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Shell line that adds a TXT record; the arguments are shell words. */
export function setTxt({ control }: TestDns, name: string, value: string): string {
  return `curl -fsS -G --data-urlencode name=${name} --data-urlencode value=${value} ${control}/set`;
}

export function clearTxt({ control }: TestDns, name: string): string {
  return `curl -fsS -G --data-urlencode name=${name} ${control}/clear`;
}

/** Sets a TXT record that stays. */
export async function addTxt({ control }: TestDns, name: string, value: string): Promise<void> {
  await fetch(`${control}/set?${new URLSearchParams({ name, value })}`);
}

/** A script that sets and removes TXT records for lego's DNS provider `exec`: `present NAME VALUE`, `cleanup NAME VALUE`. */
export function execHook({ dns, script }: World): Promise<string> {
  return script(
    'dns-hook',
    `case "$1" in
present) ${setTxt(dns, '"$2"', '"$3"')} ;;
cleanup) ${clearTxt(dns, '"$2"')} ;;
esac`,
  );
}
