import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freeUpkiPorts, type RunningUpki, readiness, startUpki, type UpkiOptions } from '../kit/upki.js';
import { type Kept, readDatabases } from './databases.js';
import type { Report } from './findings.js';
import type { Outages } from './outages.js';
import type { Round } from './round.js';
import type { Subject } from './run.js';
import type { Served } from './world.js';

/** A killed program waits at most a second to be started again, and starts within a few on a busy machine. */
const PATIENCE = 60_000;
/** The load goes on for this long on a system that has just come back. */
const AFTERWARDS = 200;

/** The whole uPKI, on one data directory and one set of ports however often it is started again. */
export class System implements Served, Subject {
  /** The last start, which may still be under way. */
  #started: Promise<RunningUpki> | null = null;
  #running: RunningUpki | null = null;

  private constructor(
    /** Holds the data directory, and `upki.log` with all the programs wrote. */
    readonly folder: string,
    private readonly outages: Outages,
    private readonly options: UpkiOptions,
    private readonly log: WriteStream,
  ) {}

  /** Whether a line that was logged as an error is what the present fault brings with it; a kill brings none. */
  tolerates: (line: string) => boolean = () => false;

  /**
   * @param report hears of every other error the programs log
   * @param elsewhere a data directory that is not to be made among its files
   */
  static async prepare(
    outages: Outages,
    env: Record<string, string>,
    report: Report,
    elsewhere?: string,
  ): Promise<System> {
    const folder = await mkdtemp(join(tmpdir(), 'upki-crash-'));
    const dataDir = elsewhere ?? join(folder, 'data');
    await mkdir(dataDir, { recursive: true });
    const log = createWriteStream(join(folder, 'upki.log'));
    const onOutput = (line: string) => {
      log.write(`${line}\n`);
      if (line.includes('"level":50') && !system.tolerates(line)) report('unexpected', `logged: ${line}`);
    };
    const options = { dataDir, env, onOutput, ports: await freeUpkiPorts() };
    const system = new System(folder, outages, options, log);
    return system;
  }

  /** Resolves when the RA and the CA behind it serve. */
  async start(): Promise<void> {
    this.#started = startUpki(this.options);
    this.#running = await this.#started;
    await this.ready();
  }

  get running(): RunningUpki {
    if (!this.#running) throw new Error('uPKI was not started');
    return this.#running;
  }

  get dataDir(): string {
    return this.running.dataDir;
  }

  get directoryUrl(): string {
    return this.running.directoryUrl;
  }

  get rootPem(): string {
    return this.running.rootPem;
  }

  get plainUrl(): string {
    return `http://127.0.0.1:${this.running.ports.http}`;
  }

  kept(): Promise<Kept> {
    return readDatabases(this.dataDir);
  }

  /** Carries out a round's kills; resolves a moment after RA and CA serve again, with how long they did not. */
  async strike({ victim, after, again }: Round): Promise<number> {
    await pause(after);
    const from = Date.now();
    this.note(`killing: ${JSON.stringify({ victim, again })}`);
    const lost = victim !== 'ca' || (again !== null && again.victim !== 'ca');
    const end = this.outages.begin({ lost, unavailable: true });
    await this.running.kill(victim);
    if (again) {
      await pause(again.after);
      await this.running.kill(again.victim);
    }
    if (victim === 'supervisor' || victim === 'all') await this.start();
    else await this.ready();
    end();
    this.note('RA and CA serve again');
    const outage = Date.now() - from;
    await pause(AFTERWARDS);
    return outage;
  }

  /** Ends it as Ctrl-C does. @throws when it does not end cleanly */
  async stop(): Promise<void> {
    const code = await this.running.stop();
    if (code !== 0) throw new Error(`uPKI ended with ${code} when it was told to stop`);
  }

  /** Ends it in any case, also while it is being started, and leaves nothing but its files. */
  async abort(): Promise<void> {
    const running = await this.#started?.catch(() => null);
    await running?.kill('all');
  }

  note(line: string): void {
    this.log.write(`--- ${new Date().toISOString()} ${line}\n`);
  }

  /** Deletes its files. */
  forget(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  /** Resolves when the RA and the CA behind it can do their work. */
  async ready(): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const status = await readiness(this.running.baseUrl, this.rootPem).catch(
        (error: Error) => error.message,
      );
      if (status === 200) return;
      if (!this.running.alive()) throw new Error('uPKI gave up: its supervisor ended');
      if (Date.now() > deadline) throw new Error(`uPKI is not ready after ${PATIENCE / 1000} s: ${status}`);
      await pause(50);
    }
  }
}
