import type { Logger } from 'pino';
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
  /** Told directly, without the queue, when the database is away. @param why what it says, when it is damaged */
  databaseAway(since: number, why: string | null): Promise<void>;
  pingStore(): Promise<void>;
  forgetTold(now: number, limit: number): Promise<number>;
  /** When notices were first wanted: administrators of before are not news. */
  since(): Promise<number>;
  auditFault(): string | null;
  diskFree(): Promise<number | null>;
  raCertificate(): { notBefore: number; notAfter: number };
  isDnsSilent(): boolean;
  /** When the last backup of an RA on this store was complete; null: none is known. */
  backupAt(): Promise<number | null>;
  /** How old a backup may become, in ms; null: nobody wants to know. */
  backupMaxAge: number | null;
  /** Host name of this machine. */
  host: string;
  clock(): number;
  log: Pick<Logger, 'warn' | 'error'>;
}

/** How often it is looked for what is to be told, and whether something is due to be sent, in ms. */
const LOOK_EVERY = 60_000;
const SEND_EVERY = 5_000;
/** A database that is away for so long is told of, in ms. */
const DATABASE_PATIENCE = 2 * 60_000;
const PAGE = 500;
/** Most certificates one look reads. */
const MOST_LATE = 20_000;
const FORGOTTEN_AT_ONCE = 500;

/** Looks for what is worth telling, tells it, and sends what waits. */
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
    await Promise.allSettled(this.#running);
  }

  /** A limit refused a request. */
  limitHit(limit: string): void {
    this.#limits.set(limit, (this.#limits.get(limit) ?? 0) + 1);
  }

  /** Sends all that is due. */
  async send(): Promise<void> {
    while (!this.#stopped && (await this.options.delivery.step()) > 0);
  }

  /** Looks at everything once. */
  async look(): Promise<void> {
    const { notices, pingStore, clock, databaseAway } = this.options;
    try {
      await pingStore();
      this.#databaseAwaySince = null;
    } catch (error) {
      const now = clock();
      this.#databaseAwaySince ??= now;
      // Damage does not pass.
      const why = error instanceof StoreRefused ? error.message : null;
      // The queue is in the database: this one notice goes without it.
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
    const found: Finding[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<CertificateAuthority['notRenewed']>> = await this.options.ca.notRenewed(
        after,
        PAGE,
      );
      for (const each of page.items) {
        const finding = lateCertificate(each, now);
        if (finding !== null) found.push(finding);
      }
      after = page.next;
    } while (after !== null && found.length < MOST_LATE);
    return found;
  }

  #every(milliseconds: number, work: () => Promise<void>): void {
    let running = false;
    const run = () => {
      if (running) return;
      running = true;
      const done = work()
        .catch((error) => this.options.log.error({ err: error }, 'notices: a look failed'))
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
