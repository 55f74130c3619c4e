import { X509Certificate } from 'node:crypto';
import { dirname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { freeSpace } from '../../lib/files.js';
import { lastBackup } from '../../lib/last-backup.js';
import { monotonic } from '../../lib/monotonic.js';
import { version } from '../../lib/version.js';
import { Collector } from '../../metrics/collector.js';
import { listenForScrapes } from '../../metrics/listener.js';
import { createMetrics, type Metrics } from '../../metrics/metrics.js';
import { measureRequests } from '../../metrics/requests.js';
import { timed } from '../../metrics/timed.js';
import { CaLacksTask, type CertificateAuthority } from '../../model/ca.js';
import type { NoticeWatch } from '../../notices/watch.js';
import type { RaEvents } from '../../ra/events.js';
import type { RunningRegistrationAuthority } from '../../ra/registration-authority.js';
import { AuditWatch } from '../../store/audit-watch.js';
import type { RaStore } from '../../store/index.js';
import type { RunningValidator } from '../../va/validator.js';
import { portProblem } from '../ports.js';
import type { ProgramSettings } from '../settings.js';
import { watchForNotices } from './notices.js';
import type { RaTls } from './tls.js';
import { workerNumber } from './worker.js';

/** The parts of a serving RA that monitoring reads. */
interface Monitored {
  store: RaStore;
  ca: Pick<CertificateAuthority, 'ping' | 'figures' | 'notRenewed' | 'administrators'>;
  ra: Pick<RunningRegistrationAuthority, 'queues'>;
  validator: Pick<RunningValidator, 'isDnsSilent'>;
  tls: Pick<RaTls, 'material'>;
  /** The name of the RA, and the root of its PKI in PEM. */
  name: string;
  root: string;
}

/**
 * Metrics and notices of an RA. Its methods wrap the parts of the program with measurements. Without UPKI_METRICS they return each
 * part unchanged, and the metrics library is not loaded.
 */
export class Monitoring {
  #watch: NoticeWatch | null = null;
  readonly #undo: (() => unknown)[] = [];

  private constructor(
    private readonly settings: ProgramSettings,
    private readonly log: Logger,
    private readonly metrics: Metrics | null,
  ) {}

  static async create(settings: ProgramSettings, log: Logger): Promise<Monitoring> {
    return new Monitoring(settings, log, settings.metrics && (await createMetrics(version())));
  }

  store<T extends object>(store: T): T {
    return this.metrics ? timed(store, this.metrics.storeSeconds) : store;
  }

  ca<T extends object>(ca: T): T {
    return this.metrics ? timed(ca, this.metrics.caSeconds) : ca;
  }

  validator(validator: RunningValidator): RunningValidator {
    return this.metrics ? timedValidator(validator, this.metrics) : validator;
  }

  events(events: RaEvents): RaEvents {
    return this.metrics ? counted(events, this.metrics) : events;
  }

  requests(app: FastifyInstance, listener: 'main' | 'plain' | 'pages'): void {
    if (this.metrics) measureRequests(app, listener, this.metrics);
  }

  limitHit = (limit: string): void => {
    this.metrics?.limits.inc({ limit });
    this.#watch?.limitHit(limit);
  };

  dnsSilence = (isSilent: boolean): void => {
    if (isSilent) this.log.warn('no DNS server answers anything: names cannot be validated until one does');
    else this.log.info('a DNS server answers again');
  };

  /**
   * Starts serving metrics and watching.
   * @throws CannotStart when the port of UPKI_METRICS is not available
   */
  async start(monitored: Monitored): Promise<void> {
    const { settings, log, metrics } = this;
    const { notify } = settings;
    if (metrics === null && notify.length === 0) return;
    const { store, ca, validator, tls, name: ra, root } = monitored;
    const audit = new AuditWatch(store, log);
    audit.start();
    this.#undo.push(() => audit.stop());
    const diskFree = () => freeSpace(settings.dataDir);
    const isDnsSilent = () => validator.isDnsSilent;
    const certificate = () => new X509Certificate(tls.material().cert);
    if (metrics !== null) await this.#serve(metrics, monitored, audit);
    this.#watch = await watchForNotices(settings, {
      ...{ store, ca, ra, root, log, diskFree, isDnsSilent, clock: Date.now },
      backupHere: () => lastBackup([settings.dataDir, dirname(settings.dataDir)]),
      auditFault: () => (audit.fault === null ? null : faultText(audit.fault)),
      raCertificate: () => {
        const { validFrom, validTo } = certificate();
        return { notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) };
      },
      onOutcome: (outcome) => metrics?.notices.inc({ outcome }),
    });
    this.#undo.push(() => this.#watch?.stop());
  }

  async stop(): Promise<void> {
    for (const each of this.#undo.splice(0).reverse()) await each();
  }

  async #serve(
    metrics: Metrics,
    { store, ca, ra, validator, tls }: Monitored,
    audit: AuditWatch,
  ): Promise<void> {
    const { metrics: first, dataDir } = this.settings;
    if (first === null) return;
    const wish = { ...first, port: first.port === 0 ? 0 : first.port + workerNumber() - 1 };
    const collector = new Collector(metrics, {
      figures: unlessLacking(() => ca.figures()),
      pingCa: () => ca.ping(),
      pingStore: () => store.ping(),
      auditRecords: async () => (await store.auditEnds()).reduce((sum, { sequence }) => sum + sequence, 0),
      auditBroken: () => audit.fault !== null,
      noticesWaiting: async () => (await store.waitingNotices(MOST_COUNTED)).count,
      diskFree: () => freeSpace(dataDir),
      raCertificateEnds: () => Date.parse(new X509Certificate(tls.material().cert).validTo),
      queues: () => ra.queues(),
      isDnsSilent: () => validator.isDnsSilent,
      backupAt: () => lastBackup([dataDir, dirname(dataDir)]),
    });
    collector.start();
    this.#undo.push(() => collector.stop());
    try {
      const listener = await listenForScrapes(metrics, wish);
      this.#undo.push(() => listener.close());
      this.log.info({ host: wish.host, port: listener.port }, 'metrics are served at /metrics');
    } catch (error) {
      throw portProblem(error, { what: 'metrics', ...wish, variable: 'UPKI_METRICS' });
    }
  }
}

/** Limit of the count of waiting notices. */
const MOST_COUNTED = 10_000;

function faultText({ position, reason }: NonNullable<AuditWatch['fault']>): string {
  return `record ${position.sequence} of chain ${position.chain}: ${reason}`;
}

function timedValidator(validator: RunningValidator, metrics: Metrics): RunningValidator {
  // Each method is named, because a spread would lose the methods of a class.
  return {
    checkCaa: (request) => validator.checkCaa(request),
    examine: (name) => validator.examine(name),
    start: () => validator.start(),
    stop: () => validator.stop(),
    get isDnsSilent() {
      return validator.isDnsSilent;
    },
    async validate(request, signal) {
      const end = metrics.validationSeconds.startTimer({ type: request.type });
      try {
        return await validator.validate(request, signal);
      } finally {
        end();
      }
    },
  };
}

function counted(events: RaEvents, metrics: Metrics): RaEvents {
  return {
    validation(event) {
      const { type, result } = event;
      const [outcome, problem] = result.ok ? ['valid', 'none'] : ['failed', result.type];
      metrics.validations.inc({ type, outcome, problem });
      events.validation(event);
    },
    finalization(event) {
      metrics.orders.inc({ outcome: event.outcome });
      events.finalization(event);
    },
    revocation(event) {
      metrics.revocations.inc({ by: event.accountId === null ? 'other' : 'account' });
      events.revocation(event);
    },
    error: (error) => events.error(error),
  };
}

/** Remembers for ten minutes that the CA lacks a task, so that it is not requested again in that time. */
function unlessLacking<T>(ask: () => Promise<T>): () => Promise<T> {
  let lacks: CaLacksTask | null = null;
  let until = 0;
  return async () => {
    if (lacks !== null && monotonic() < until) throw lacks;
    try {
      return await ask();
    } catch (error) {
      if (error instanceof CaLacksTask) {
        lacks = error;
        until = monotonic() + 10 * 60_000;
      }
      throw error;
    }
  };
}
