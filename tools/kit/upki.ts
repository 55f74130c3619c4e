import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type CommandOptions, run } from './command.js';
import { newFolder } from './folder.js';
import { RunningProcess } from './process.js';

/** Milliseconds until uPKI must serve: it takes a second or two, but a minute while compilers run on two cores. */
const START_LIMIT = 240_000;
/** Milliseconds that it gets to finish its work and end. */
const STOP_LIMIT = 120_000;

export interface UpkiOptions {
  /** Added to the environment; UPKI_* variables of the caller's environment are removed. */
  env?: Record<string, string>;
  /** Not deleted by `stop`. When absent, a temporary folder is made, and deleted by `stop`. */
  dataDir?: string;
  /** Ports to listen on, such as those of an earlier start; free ones when absent. */
  ports?: UpkiPorts;
  /** Receives every line that the programs write. */
  onOutput?(line: string): void;
  /** Entry point of another build. */
  program?: string;
  /** Node options for all its processes. */
  nodeOptions?: string[];
  /** Milliseconds until it must serve. */
  timeout?: number;
}

export interface UpkiPorts {
  ra: number;
  http: number;
  ca: number;
  registration: number;
}

export interface RunningUpki {
  /** The directory's URL, under `localhost`. */
  directoryUrl: string;
  /** Base of all URLs, without a trailing slash. */
  baseUrl: string;
  rootPem: string;
  rootPath: string;
  dataDir: string;
  ports: UpkiPorts;
  /** Process ids: the supervisor, and those of its programs that run now. */
  pids(): { supervisor: number; ra: number | null; ca: number | null };
  /** SIGKILL; resolves when the process is dead. `all`: supervisor, RA and CA at the same moment. */
  kill(what: 'ra' | 'ca' | 'both' | 'supervisor' | 'all'): Promise<void>;
  /** Resolves when the directory is served; rejects after `timeout` milliseconds. */
  serving(timeout?: number): Promise<void>;
  /** Whether the supervisor still runs. */
  alive(): boolean;
  /** Ends it like Ctrl-C; resolves with the exit code. Deletes a data directory made here. */
  stop(): Promise<number | null>;
}

/** The checkout, independent of where this file was compiled to. */
export const CHECKOUT = checkoutAbove(import.meta.dirname);
/** The built `upki` command. */
export const UPKI = join(CHECKOUT, 'dist/cli/main.js');

function checkoutAbove(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  if (dirname(folder) === folder) throw new Error('no package.json above the test support files');
  return checkoutAbove(dirname(folder));
}

/** Runs the built `upki` command and returns its standard output. @throws CommandFailed */
export function runUpki(args: string[], options: CommandOptions = {}): Promise<string> {
  return run(process.execPath, [UPKI, ...args], options);
}

/**
 * Starts the built product, `upki start`, on free loopback ports and waits for its ready line.
 * For tests, the crash run and foreign clients.
 */
export async function startUpki(options: UpkiOptions = {}): Promise<RunningUpki> {
  const dataDir = options.dataDir ?? newFolder('start');
  const ports = options.ports ?? (await freeUpkiPorts());
  const { program = UPKI, nodeOptions = [], onOutput, timeout = START_LIMIT } = options;
  if (!existsSync(program))
    throw new Error(`${program} is missing: run npm test or node tools/prepare.mjs first`);
  const running = new RunningProcess(process.execPath, [...nodeOptions, program, 'start'], {
    name: 'uPKI',
    cwd: dataDir,
    env: { ...environment(dataDir, ports), ...options.env },
    onOutput,
  });
  try {
    await running.whenLine(timeout, /^uPKI is ready: /);
  } catch (error) {
    if (!options.dataDir) await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
  const rootPath = join(dataDir, 'ra/ca.crt');
  const rootPem = await readFile(rootPath, 'utf8');
  const baseUrl = `https://localhost:${ports.ra}`;
  const directoryUrl = `${baseUrl}/acme/directory`;
  const supervisor = running.pid;
  const pids = () => ({ supervisor, ...programsOf(supervisor) });
  return {
    directoryUrl,
    baseUrl,
    rootPem,
    rootPath,
    dataDir,
    ports,
    pids,
    alive: () => running.running,
    serving: (timeout = START_LIMIT) => serving(directoryUrl, rootPem, timeout),
    async kill(what) {
      const { ra, ca } = pids();
      const chosen: (number | null)[] = {
        ra: [ra],
        ca: [ca],
        both: [ra, ca],
        supervisor: [supervisor],
        all: [supervisor, ra, ca],
      }[what];
      const victims = chosen.filter((pid) => pid !== null);
      for (const pid of victims) killNow(pid);
      await Promise.all(victims.map(gone));
    },
    async stop() {
      const code = await running.stop(STOP_LIMIT);
      if (!options.dataDir) await rm(dataDir, { recursive: true, force: true });
      return code;
    },
  };
}

function environment(dataDir: string, ports: UpkiPorts): Record<string, string> {
  return {
    HOME: dataDir,
    UPKI_DATA_DIR: dataDir,
    UPKI_RA_HOST: '127.0.0.1',
    UPKI_RA_PORT: String(ports.ra),
    UPKI_RA_HTTP_PORT: String(ports.http),
    UPKI_CA_PORT: String(ports.ca),
    UPKI_CA_REGISTRATION_PORT: String(ports.registration),
    UPKI_LOG_LEVEL: 'warn',
  };
}

/** The RA's and the CA's process ids, from Linux's own list of children. */
function programsOf(supervisor: number): { ra: number | null; ca: number | null } {
  const programs: { ra: number | null; ca: number | null } = { ra: null, ca: null };
  for (const pid of read(`/proc/${supervisor}/task/${supervisor}/children`).split(' ')) {
    const [program, action] = read(`/proc/${pid}/cmdline`).split('\0').slice(-3);
    if (action === 'start' && (program === 'ra' || program === 'ca')) programs[program] = Number(pid);
  }
  return programs;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It may have died by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Resolves when the process has ended. A killed process stays listed until its parent reaps it; a zombie counts as ended. */
export async function gone(pid: number): Promise<void> {
  while (/^State:\s+[^ZX\s]/m.test(read(`/proc/${pid}/status`))) await pause(5);
}

async function serving(url: string, ca: string, timeout: number): Promise<void> {
  const deadline = Date.now() + timeout;
  for (;;) {
    const status = await statusOf(url, ca).catch((error: Error) => error.message);
    if (status === 200) return;
    if (Date.now() > deadline) throw new Error(`${url} not served after ${timeout} ms: ${status}`);
    await pause(50);
  }
}

/** The status of an RA's health resource, which queries the CA and writes to the store. Rejects if there is no response. */
export function readiness(baseUrl: string, ca: string): Promise<number> {
  return statusOf(`${baseUrl}/api/v1/public/health?ready=1`, ca, 3000);
}

function statusOf(url: string, ca: string, timeout = 2000): Promise<number> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const asked = request(url, { ca, agent, timeout }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('timeout', () => asked.destroy(new Error('timed out')));
    asked.on('error', reject);
    asked.end();
  });
}

export async function freeUpkiPorts(): Promise<UpkiPorts> {
  const [ra = 0, http = 0, ca = 0, registration = 0] = await freePorts(4);
  return { ra, http, ca, registration };
}

/**
 * Free loopback ports below the system's range for outgoing connections, so that none is taken while its
 * listener restarts.
 */
export function freePorts(count: number): Promise<number[]> {
  return freeRanges(count, 1);
}

/** Free ports whose next port is free as well. */
export function freePortPairs(count: number): Promise<number[]> {
  return freeRanges(count, 2);
}

/** The first ports of `count` ranges of `length` free ports. */
async function freeRanges(count: number, length: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const first = 12_000 + Math.floor(Math.random() * 20_000);
    const range = Array.from({ length }, (_, index) => first + index);
    const free = await Promise.all(range.map(async (port) => (await isFree(port)) && (await reserve(port))));
    if (free.every(Boolean)) found.push(first);
  }
  return found;
}

/** How far above a port the UDP port is that reserves it: no server of ours and no foreign one listens there. */
const RESERVATION = 20_000;

/**
 * Reserves a port until this process ends, also while nothing listens on it: tests and tools choose ports at the same time. False if
 * it is reserved already.
 */
function reserve(port: number): Promise<boolean> {
  const socket = createSocket('udp4').unref();
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(port + RESERVATION, '127.0.0.1', () => resolve(true));
  });
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
