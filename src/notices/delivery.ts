import type { Logger } from 'pino';
import { errorMessage } from '../lib/error-message.js';
import { DAY, HOUR, MINUTE, SECOND } from '../lib/time.js';
import type { NoticeQueue, QueuedNotice } from '../store/contract/notices.js';
import type { Message } from './message.js';
import { type Sender, ServerSilent } from './targets.js';

/** Pauses after failed attempts; the last one repeats for as long as the target is configured. */
const PAUSES = [10 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR];
/** Longer than any attempt. */
const LEASE = MINUTE;
/** How long a notice to an account's contact is retried. Only configured targets are retried for ever. */
const CONTACT_PATIENCE = 7 * DAY;
const AT_ONCE = 8;
/** How long a silent server is not tried again, in ms, so that its notices do not delay those of other servers. No pause is shorter. */
const REST = 10 * SECOND;

interface DeliveryOptions {
  queue: NoticeQueue;
  /** The sender for a queued target; null: the target is no longer configured. */
  senderOf(target: string): { sender: Sender; configured: boolean } | null;
  clock(): number;
  log: Pick<Logger, 'info' | 'warn'>;
  onOutcome?(outcome: 'sent' | 'failed' | 'dropped'): void;
}

/**
 * Sends the queued notices. One replica at a time tries a notice, and it is retried until the receiver accepts it.
 */
export class Delivery {
  /** The servers that were silent lately: when, and why. */
  readonly #silent = new Map<string, { at: number; why: string }>();
  /** Notices that were accepted but are still in the queue, because the database did not answer. */
  readonly #accepted = new Set<string>();
  readonly #stop = new AbortController();

  constructor(private readonly options: DeliveryOptions) {}

  /** Ends the attempts in progress; their notices are due at once, for another replica or the next start. */
  stop(): void {
    this.#stop.abort(new Error('this RA stopped'));
  }

  /** Tries the due notices and resolves with their number. */
  async step(): Promise<number> {
    const { queue, clock } = this.options;
    const now = clock();
    const due = await queue.claimNotices(now, now + LEASE, AT_ONCE);
    const outcomes = await Promise.allSettled(due.map((notice) => this.#try(notice)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    return due.length;
  }

  async #try(notice: QueuedNotice): Promise<void> {
    const { queue, senderOf, clock, log, onOutcome = () => undefined } = this.options;
    const found = senderOf(notice.target);
    const message: Message = JSON.parse(notice.body);
    const facts = { notice: notice.id, type: message.type };
    const isTooOld = found?.configured === false && clock() - notice.createdAt > CONTACT_PATIENCE;
    if (found === null || isTooOld) {
      log.warn(facts, 'a notice was dropped: its target is no longer configured, or refuses it');
      onOutcome('dropped');
      return queue.removeNotice(notice.id);
    }
    const { sender } = found;
    if (!this.#accepted.has(notice.id)) {
      const why = await this.#send(sender, notice, message);
      if (why !== null) {
        const pause = this.#stop.signal.aborted
          ? 0
          : (PAUSES[Math.min(notice.attempts, PAUSES.length - 1)] ?? 0);
        const again = clock() + pause;
        log.warn(
          { ...facts, target: sender.label, why, again: new Date(again) },
          'a notice could not be sent',
        );
        onOutcome('failed');
        return queue.deferNotice(notice.id, again, why);
      }
      log.info({ ...facts, target: sender.label }, 'notice sent');
      onOutcome('sent');
    }
    this.#accepted.add(notice.id);
    await queue.removeNotice(notice.id);
    this.#accepted.delete(notice.id);
  }

  /** Resolves with the reason when the receiver does not accept the notice, else with null. */
  async #send({ server, send }: Sender, notice: QueuedNotice, message: Message): Promise<string | null> {
    const { clock } = this.options;
    const silent = this.#silent.get(server);
    if (silent !== undefined && Math.abs(clock() - silent.at) < REST) return silent.why;
    try {
      await send(notice, message, this.#stop.signal);
      return null;
    } catch (error) {
      const why = errorMessage(error);
      if (error instanceof ServerSilent) this.#silent.set(server, { at: clock(), why });
      return why;
    }
  }
}
