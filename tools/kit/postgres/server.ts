import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { newFolder } from '../folder.js';
import { until } from '../until.js';
import { copyBinaries } from './binaries.js';
import { withClient } from './client.js';

/** The user the server runs as; it refuses to run as root. */
interface Owner {
  uid: number;
  gid: number;
}

/** Ends the server when standard input closes, so that it never outlives the tests. */
const LEASH = `
  exec 3<&0
  "$@" 3<&- < /dev/null &
  server=$!
  (read -r _ <&3; kill -QUIT $server 2> /dev/null) &
  watch=$!
  exec 3<&-
  wait $server
  code=$?
  kill $watch 2> /dev/null
  wait $watch
  exit $code`;

const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=200',
  'log_min_messages=fatal',
];

/** It can take more than ten seconds: a cluster of 40 MB is read from a cold disk. */
const START_TRIES = 3_000;
/** Milliseconds from the start of a standby until it follows. */
const STREAMS_WITHIN = 15_000;

/**
 * A PostgreSQL server for tests: binaries from npm, a cluster in a temporary folder, a free port on loopback, a random
 * password. As root it runs the server as an unprivileged user; it also works for any other user.
 */
export class PostgresServer {
  readonly #folder = newFolder('postgres');
  readonly #owner = process.getuid?.() === 0 ? unprivilegedUser() : null;
  #password = randomBytes(12).toString('hex');
  #port = 0;
  #process: ChildProcess | null = null;

  private constructor(private readonly durable: boolean) {}

  /** @param durable waits for the disk, as in production; else a crash of the machine could lose data */
  static async start({ durable = false } = {}): Promise<PostgresServer> {
    const server = new PostgresServer(durable);
    try {
      await server.#initialise();
      server.#port = await freePort();
      await server.resume();
    } catch (error) {
      await server.remove();
      throw error;
    }
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** The server's data folder. */
  get dataFolder(): string {
    return this.#at('data');
  }

  /** The superuser's URL, with the password. */
  url(database = 'postgres'): string {
    return `postgres://upki:${this.#password}@127.0.0.1:${this.#port}/${database}`;
  }

  /** Its process ids, including one per session. */
  pids(): number[] {
    const main = Number(this.#pidFile()[0]);
    const children = read(`/proc/${main}/task/${main}/children`);
    return [main, ...children.split(' ').filter(Boolean).map(Number)];
  }

  /** Starts it again after `stop` or `kill`; resolves when it accepts connections. */
  async resume(): Promise<void> {
    rmSync(this.#at('data', 'postmaster.pid'), { force: true });
    const settings = [...SETTINGS, `fsync=${this.durable ? 'on' : 'off'}`].flatMap((each) => ['-c', each]);
    const child = this.#run('postgres', ['-D', this.#at('data'), '-p', String(this.#port), ...settings]);
    this.#process = child;
    for (let tries = 0; child.exitCode === null && tries < START_TRIES; tries += 1) {
      if (this.#pidFile()[7]?.trim() === 'ready') return;
      await pause(5);
    }
    throw new Error(`the PostgreSQL server did not start: ${this.#log()}`);
  }

  /** Shuts it down cleanly and terminates its sessions. */
  async stop(): Promise<void> {
    if (this.#process) process.kill(Number(this.#pidFile()[0]), 'SIGINT');
    await this.#ended();
  }

  /** Ends it like a crash: uncommitted work and all unlogged tables are lost. */
  async kill(): Promise<void> {
    this.#process?.stdin?.end();
    await this.#ended();
  }

  /**
   * A standby that follows this server; every commit waits for it (`synchronous_standby_names`). This server is stopped while
   * its files are copied.
   */
  async standby(): Promise<PostgresServer> {
    const standby = new PostgresServer(this.durable);
    standby.#password = this.#password;
    try {
      await copyBinaries(standby.#at('pgsql'));
      await this.stop();
      cpSync(this.#at('data'), standby.#at('data'), { recursive: true });
      rmSync(standby.#at('data', 'postmaster.pid'), { force: true });
      const from = `host=127.0.0.1 port=${this.#port} user=upki password=${this.#password}`;
      appendFileSync(standby.#at('data', 'postgresql.auto.conf'), `primary_conninfo = '${from}'\n`);
      writeFileSync(standby.#at('data', 'standby.signal'), '');
      if (this.#owner) standby.#give(this.#owner);
      await this.resume();
      standby.#port = await freePort();
      await standby.resume();
      await withClient(this.url(), async (client) => {
        await client.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
        await client.query('SELECT pg_reload_conf()');
        await until(STREAMS_WITHIN, async () => {
          const { rows } = await client.query("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'");
          if (rows.length === 0) throw new Error('the standby does not follow');
        });
      });
      return standby;
    } catch (error) {
      await standby.remove();
      throw error;
    }
  }

  /** Promotes a standby to primary; resolves when it accepts writes. */
  async promote(): Promise<void> {
    await withClient(this.url(), (client) => client.query('SELECT pg_promote(true, 30)'));
  }

  /** A URL that names this server and others, one of which accepts writes. */
  urlWith(others: readonly PostgresServer[]): string {
    const hosts = [this, ...others].map(({ port }) => `127.0.0.1:${port}`);
    return this.url().replace(`127.0.0.1:${this.#port}`, hosts.join());
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ended(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child?.exitCode === null) await once(child, 'exit');
    child?.stdin?.end();
  }

  async #initialise(): Promise<void> {
    await copyBinaries(this.#at('pgsql'));
    writeFileSync(this.#at('password'), this.#password, { mode: 0o600 });
    mkdirSync(this.#at('data'), { mode: 0o700 });
    if (this.#owner) {
      const { uid, gid } = this.#owner;
      for (const path of [this.#folder, this.#at('password'), this.#at('data')]) chownSync(path, uid, gid);
    }
    const initdb = this.#run('initdb', [
      ...['-D', this.#at('data'), '-U', 'upki', '--auth=scram-sha-256', `--pwfile=${this.#at('password')}`],
      // Most servers do not sort text by bytes; code that relies on that order must request it.
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US', '--no-sync'],
    ]);
    const [code] = await once(initdb, 'exit');
    initdb.stdin?.end();
    if (code !== 0) throw new Error(`initdb ended with ${code}: ${this.#log()}`);
  }

  /** Gives every file to the user it runs as. */
  #give({ uid, gid }: Owner): void {
    const all = readdirSync(this.#folder, { recursive: true, encoding: 'utf8' });
    for (const each of ['.', ...all]) chownSync(this.#at(each), uid, gid);
    chmodSync(this.#at('data'), 0o700);
  }

  #run(program: string, args: string[]): ChildProcess {
    const log = openSync(this.#at('log'), 'a');
    const child = spawn('sh', ['-c', LEASH, 'sh', this.#at('pgsql', 'bin', program), ...args], {
      ...this.#owner,
      cwd: this.#folder,
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    return child;
  }

  #at(...names: string[]): string {
    return join(this.#folder, ...names);
  }

  /** The lines of postmaster.pid: the process id is the first, the state the eighth. */
  #pidFile(): string[] {
    return read(this.#at('data', 'postmaster.pid')).split('\n');
  }

  #log(): string {
    return read(this.#at('log')).slice(-2_000);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function unprivilegedUser(): Owner {
  const users = read('/etc/passwd')
    .split('\n')
    .map((line) => line.split(':'));
  const user = ['postgres', 'nobody'].map((name) => users.find(([each]) => each === name)).find(Boolean);
  if (!user) throw new Error('as root, PostgreSQL needs a user "postgres" or "nobody" to run as');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
