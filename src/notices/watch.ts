import type { Logger } from 'pino';
import { pages } from '../lib/pages.js';
import { CaLacksTask, CaRefused, CaUnavailable, type CertificateAuthority } from '../model/ca.js';
import { StoreRefused } from '../store/contract/errors.js';
import type { Delivery } from './delivery.js';
import {
  addedAdministrators,
  away,
  brokenAudit,
  damagedDatabase,
  endingAuthorities,
  endingRaCertificate,
  fullDisk,
  hitLimits,
  lateCertificate,
  lateCrls,
  oldBackup,
} from './findings.js';
import type { Finding } from './message.js';
import type { Notices } from './notices.js';

export interface NoticeWatchOptions {
  ca: Pick<CertificateAuthority, 'figures' | 'notRenewed' | 'administrators'>;
  notices: Notices;
  delivery: Delivery;
  /** Sends a notice without the queue, when the database is unreachable. @param why the error of a damaged database */
  databaseAway(since: number, why: string | null): Promise<void>;
  pingStore(): Promise<void>;
  forgetTold(now: number, limit: number): Promise<number>;
  /** When notices were first configured; earlier administrators are not announced. */
  since(): Promise<number>;
  auditFault(): string | null;
  diskFree(): Promise<number | null>;
  raCertificate(): { notBefore: number; notAfter: number };
  isDnsSilent(): boolean;
  /** Time of the last complete backup of an RA on this store; null: none is known. */
  backupAt(): Promise<number | null>;
  /** Allowed age of a backup, in ms; null: backups are not monitored. */
  backupMaxAge: number | null;
  /** Host name of this machine. */
  host: string;
  clock(): number;
  log: Pick<Logger, 'warn' | 'error'>;
}

/** Interval of the checks for findings and for due notices, in ms. */
const LOOK_EVERY = 60_000;
const SEND_EVERY = 5_000;
/** An unreachable database is announced after this time, in ms. */
const DATABASE_PATIENCE = 2 * 60_000;
const PAGE = 500;
/** Limit of certificates read in one check. */
const MOST_LATE = 20_000;
const FORGOTTEN_AT_ONCE = 500;

/** Checks regularly for findings, queues notices, and sends the due ones. */
export class NoticeWatch {
  readonly #limits = new Map<string, number>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #running = new Set<Promise<void>>();
  #caAwaySince: number | null = null;
  #dnsSilentSince: number | null = null;
  #databaseAwaySince: number | null = null;
  #stopped = false;

  constructor(private readonly options: NoticeWatchOptions) {}

  start(): void {
    this.#every(LOOK_EVERY, () => this.look());
    this.#every(SEND_EVERY, () => this.send());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.options.delivery.stop();
    await Promise.allSettled(this.#running);
  }

  /** A limit refused a request. */
  limitHit(limit: string): void {
    this.#limits.set(limit, (this.#limits.get(limit) ?? 0) + 1);
  }

  /** Sends all due notices. */
  async send(): Promise<void> {
    while (!this.#stopped && (await this.options.delivery.step()) > 0);
  }

  /** Checks everything once. */
  async look(): Promise<void> {
    const { notices, pingStore, clock, databaseAway } = this.options;
    try {
      await pingStore();
      this.#databaseAwaySince = null;
    } catch (error) {
      const now = clock();
      this.#databaseAwaySince ??= now;
      // Damage does not recover by itself, so it is announced at once.
      const why = error instanceof StoreRefused ? error.message : null;
      // The queue is in the database, so this notice bypasses it.
      if (why !== null || now - this.#databaseAwaySince >= DATABASE_PATIENCE)
        await databaseAway(this.#databaseAwaySince, why);
      return;
    }
    await notices.tell(await this.#findings());
    this.#limits.clear();
    await this.options.forgetTold(clock(), FORGOTTEN_AT_ONCE);
  }

  async #findings(): Promise<Finding[]> {
    const { clock, auditFault, diskFree, raCertificate, isDnsSilent, host } = this.options;
    const { backupAt, backupMaxAge: maxAge, since } = this.options;
    const now = clock();
    this.#dnsSilentSince = isDnsSilent() ? (this.#dnsSilentSince ?? now) : null;
    return [
      ...(await this.#ofCa(now)),
      ...brokenAudit('ra', auditFault()),
      ...fullDisk('ra', host, await diskFree(), now),
      ...endingRaCertificate(host, raCertificate(), now),
      ...hitLimits(this.#limits, now),
      ...away('dns', this.#dnsSilentSince, now),
      ...oldBackup('ra', { at: await backupAt(), since: await since(), maxAge }, now),
    ];
  }

  async #ofCa(now: number): Promise<Finding[]> {
    const { ca, since, backupMaxAge: maxAge } = this.options;
    try {
      const figures = await ca.figures();
      this.#caAwaySince = null;
      return [
        ...(await this.#late(now)),
        ...endingAuthorities(figures, now),
        ...lateCrls(figures, now),
        ...brokenAudit('ca', figures.auditFault),
        ...fullDisk('ca', '', figures.diskFree, now),
        ...oldBackup('ca', { at: figures.backupAt, since: await since(), maxAge }, now),
        ...addedAdministrators(await ca.administrators(), await since()),
      ];
    } catch (error) {
      if (error instanceof CaLacksTask) return [];
      if (error instanceof CaRefused) return [damagedDatabase('ca', error.message, now)];
      if (!(error instanceof CaUnavailable)) throw error;
      this.#caAwaySince ??= now;
      return away('ca', this.#caAwaySince, now);
    }
  }

  async #late(now: number): Promise<Finding[]> {
    const { ca } = this.options;
    const found: Finding[] = [];
    for await (const { items } of pages((after) => ca.notRenewed(after, PAGE))) {
      found.push(...items.flatMap((each) => lateCertificate(each, now) ?? []));
      if (found.length >= MOST_LATE) break;
    }
    return found;
  }

  #every(milliseconds: number, work: () => Promise<void>): void {
    let running = false;
    const run = () => {
      if (running) return;
      running = true;
      const done = work()
        .catch((error) => this.options.log.error({ err: error }, 'notices: a check failed'))
        .finally(() => {
          running = false;
          this.#running.delete(done);
        });
      this.#running.add(done);
    };
    run();
    const timer = setInterval(run, milliseconds);
    timer.unref();
    this.#timers.push(timer);
  }
}
