import type { Logger } from 'pino';
import { errorMessage } from '../lib/error-message.js';
import { DAY, HOUR, MINUTE, SECOND } from '../lib/time.js';
import type { NoticeQueue, QueuedNotice } from '../store/contract/notices.js';
import type { Message } from './message.js';
import type { Sender } from './targets.js';

/** Pauses after failed attempts; the last one repeats for as long as the target is configured. */
const PAUSES = [10 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR];
/** Longer than any attempt. */
const LEASE = MINUTE;
/** How long a notice to an account's contact is retried. Only configured targets are retried for ever. */
const CONTACT_PATIENCE = 7 * DAY;
const AT_ONCE = 8;

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
  constructor(private readonly options: DeliveryOptions) {}

  /** Tries the due notices and resolves with their number. */
  async step(): Promise<number> {
    const { queue, clock } = this.options;
    const now = clock();
    const due = await queue.claimNotices(now, now + LEASE, AT_ONCE);
    await Promise.all(due.map((notice) => this.#try(notice)));
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
    try {
      await sender.send(notice, message);
      await queue.removeNotice(notice.id);
      log.info({ ...facts, target: sender.label }, 'notice sent');
      onOutcome('sent');
    } catch (error) {
      const why = errorMessage(error);
      const pause = PAUSES[Math.min(notice.attempts, PAUSES.length - 1)] ?? 0;
      log.warn(
        { ...facts, target: sender.label, why, again: new Date(clock() + pause) },
        'a notice could not be sent',
      );
      onOutcome('failed');
      await queue.deferNotice(notice.id, clock() + pause, why);
    }
  }
}
