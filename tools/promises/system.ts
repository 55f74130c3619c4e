import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { newFolder } from '../kit/folder.js';
import { freeUpkiPorts, type RunningUpki, readiness, startUpki, type UpkiOptions } from '../kit/upki.js';
import { type Kept, readDatabases } from './databases.js';
import type { Report } from './findings.js';
import type { Outages } from './outages.js';
import type { Round } from './round.js';
import type { Subject } from './run.js';
import type { Served } from './world.js';

/** A killed program is restarted within a second, and starts within a few on a busy machine. */
const PATIENCE = 60_000;
/** How long the load continues after a recovery. */
const AFTERWARDS = 200;

/** The whole uPKI, on one data directory and one set of ports through all restarts. */
export class System implements Served, Subject {
  /** The last start, which may still be in progress. */
  #started: Promise<RunningUpki> | null = null;
  #running: RunningUpki | null = null;

  private constructor(
    /** Contains the data directory, and `upki.log` with all output of the programs. */
    readonly folder: string,
    private readonly outages: Outages,
    private readonly options: UpkiOptions,
    private readonly log: WriteStream,
  ) {}

  /** Whether the current fault explains a line logged as an error; a kill explains none. */
  tolerates: (line: string) => boolean = () => false;

  /**
   * @param report receives every other error that the programs log
   * @param elsewhere a data directory outside this folder
   */
  static async prepare(
    outages: Outages,
    env: Record<string, string>,
    report: Report,
    elsewhere?: string,
  ): Promise<System> {
    const folder = newFolder('crash');
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

  /** Carries out a round's kills; resolves shortly after RA and CA serve again, with the length of the outage. */
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

  /** Ends it like Ctrl-C. @throws Error if it does not end cleanly */
  async stop(): Promise<void> {
    const code = await this.running.stop();
    if (code !== 0) throw new Error(`uPKI ended with ${code} when it was told to stop`);
  }

  /** Ends it in any case, even while it starts, and leaves only its files. */
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

  /** Resolves when the RA and the CA are ready. */
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
