import { SingleFlight } from '../lib/single-flight.js';
import type { CaFigures } from '../model/ca-figures.js';
import type { Metrics } from './metrics.js';

/** Interval of the queries to the CA and the databases, in ms. A scrape itself queries nothing, so it never waits. */
const LOOK_EVERY = 10_000;

interface CollectorSources {
  /** @throws CaUnavailable; CaLacksTask from a CA without counters */
  figures(): Promise<CaFigures>;
  pingCa(): Promise<void>;
  pingStore(): Promise<void>;
  auditRecords(): Promise<number>;
  auditBroken(): boolean;
  noticesWaiting(): Promise<number>;
  /** Free octets on the RA's disk; null: unknown. */
  diskFree(): Promise<number | null>;
  raCertificateEnds(): number;
  queues(): Record<string, { running: number; waiting: number }>;
  isDnsSilent(): boolean;
  /** Time of the last complete backup of the RA's directory; null: none is known. */
  backupAt(): Promise<number | null>;
}

/** Keeps the gauges current: metrics of a state rather than of events. */
export class Collector {
  #timer: NodeJS.Timeout | undefined;
  readonly #looking = new SingleFlight(() => this.look());

  constructor(
    private readonly metrics: Metrics,
    private readonly sources: CollectorSources,
  ) {}

  start(): void {
    const look = () => void this.#looking.join();
    look();
    this.#timer = setInterval(look, LOOK_EVERY);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Queries everything once. Never rejects: a component that does not answer is down. */
  async look(): Promise<void> {
    const { metrics } = this;
    const sources = this.sources;
    for (const [queue, { running, waiting }] of Object.entries(sources.queues())) {
      metrics.queue.set({ queue, state: 'running' }, running);
      metrics.queue.set({ queue, state: 'waiting' }, waiting);
    }
    metrics.dnsSilent.set(sources.isDnsSilent() ? 1 : 0);
    metrics.raCertificateEnds.set(sources.raCertificateEnds() / 1000);
    metrics.auditBroken.set({ program: 'ra' }, sources.auditBroken() ? 1 : 0);
    await Promise.all([
      this.#time('ca', () => sources.pingCa()),
      this.#time('ra_database', () => sources.pingStore()),
      this.#tell(async () => metrics.auditRecords.set({ program: 'ra' }, await sources.auditRecords())),
      this.#tell(async () => metrics.noticesWaiting.set(await sources.noticesWaiting())),
      this.#tell(async () => {
        const free = await sources.diskFree();
        if (free !== null) metrics.diskFree.set({ program: 'ra' }, free);
      }),
      this.#tell(async () => {
        const at = await sources.backupAt();
        if (at !== null) metrics.backupAt.set({ program: 'ra' }, at / 1000);
      }),
      this.#tell(async () => this.#take(await sources.figures())),
    ]);
  }

  async #time(what: string, ping: () => Promise<void>): Promise<void> {
    const began = performance.now();
    try {
      await ping();
      this.metrics.up.set({ what }, 1);
    } catch {
      this.metrics.up.set({ what }, 0);
    }
    this.metrics.latency.set({ what }, (performance.now() - began) / 1000);
  }

  /** When a query fails, its gauges keep their last values; `upki_up` shows that they are old. */
  async #tell(work: () => Promise<unknown>): Promise<void> {
    await work().catch(() => undefined);
  }

  #take(figures: CaFigures): void {
    const { metrics } = this;
    // A series that is absent from the new figures must not keep its old value.
    for (const gauge of [metrics.certificates, metrics.notRenewed, metrics.authorityEnds]) gauge.reset();
    for (const { profile, state, count } of figures.certificates)
      metrics.certificates.set({ profile, state }, count);
    for (const { profile } of figures.certificates) metrics.notRenewed.set({ profile }, 0);
    for (const { profile, count } of figures.notRenewed) metrics.notRenewed.set({ profile }, count);
    for (const { id, kind, notAfter, inUse } of figures.authorities) {
      metrics.authorityEnds.set(
        { authority: id, kind, state: inUse ? 'in use' : 'retired' },
        notAfter / 1000,
      );
    }
    for (const { issuer, number, thisUpdate, nextUpdate } of figures.crls) {
      metrics.crlNumber.set({ issuer }, number);
      metrics.crlThisUpdate.set({ issuer }, thisUpdate / 1000);
      metrics.crlNextUpdate.set({ issuer }, nextUpdate / 1000);
    }
    metrics.auditRecords.set({ program: 'ca' }, figures.auditRecords);
    metrics.auditBroken.set({ program: 'ca' }, figures.auditFault === null ? 0 : 1);
    if (figures.diskFree !== null) metrics.diskFree.set({ program: 'ca' }, figures.diskFree);
    if (figures.backupAt !== null) metrics.backupAt.set({ program: 'ca' }, figures.backupAt / 1000);
    metrics.up.set({ what: 'ca_database' }, 1);
    metrics.latency.set({ what: 'ca_database' }, figures.databaseMs / 1000);
    metrics.caStarted.set(figures.startedAt / 1000);
  }
}
