import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { HOUR } from '../lib/time.js';
import type { NoticeQueue } from '../store/contract/notices.js';
import { REMEMBERED } from './findings.js';
import { type Finding, type Message, messageOf, type NoticeType } from './message.js';

interface NoticesOptions {
  queue: NoticeQueue;
  /** Targets that get every notice, by their keys in the queue. */
  targets: readonly string[];
  /** Mail contacts of an account; empty when contacts get no notices. */
  contactsOf(accountId: string): Promise<string[]>;
  ra: string;
  clock(): number;
  log: Pick<Logger, 'warn'>;
}

/** Limit of accounts whose contacts get one notice. */
const MOST_ACCOUNTS = 200;
/** Types sent at most once an hour, so that many findings become one notice. */
const HOURLY: readonly NoticeType[] = ['certificate.not_renewed'];

/** Queues findings: each once among all RAs on the store, with findings of one type in one notice. */
export class Notices {
  constructor(private readonly options: NoticesOptions) {}

  /** True when something new was queued. */
  async tell(findings: readonly Finding[]): Promise<boolean> {
    if (findings.length === 0) return false;
    const { queue, clock, log } = this.options;
    const untold = new Set(await queue.untold(findings.map(({ key }) => key)));
    const byType = new Map<NoticeType, Finding[]>();
    for (const finding of findings) {
      if (!untold.delete(finding.key)) continue;
      byType.set(finding.type, [...(byType.get(finding.type) ?? []), finding]);
    }
    let told = false;
    for (const [type, fresh] of byType) {
      log.warn({ type, count: fresh.length, first: fresh[0]?.line }, 'a notice was queued');
      const hour = HOURLY.includes(type) ? [`hour ${type} ${Math.floor(clock() / HOUR)}`] : [];
      const keys = [...fresh.map(({ key }) => key), ...hour];
      // False: another replica was first, or this hour already had its notice. The rest is queued at a later check.
      told =
        (await queue.queueNotices({ keys, until: clock() + REMEMBERED }, await this.#notices(type, fresh))) ||
        told;
    }
    return told;
  }

  async #notices(type: NoticeType, findings: readonly Finding[]) {
    const { targets, ra } = this.options;
    const message = messageOf(type, findings, ra);
    const own = targets.map((target) => this.#notice(target, message));
    return [...own, ...(await this.#contacts(type, findings))];
  }

  async #contacts(type: NoticeType, findings: readonly Finding[]) {
    const byAccount = new Map<string, Finding[]>();
    for (const finding of findings) {
      if (finding.accountId === undefined) continue;
      byAccount.set(finding.accountId, [...(byAccount.get(finding.accountId) ?? []), finding]);
    }
    const notices = [];
    for (const [accountId, own] of [...byAccount].slice(0, MOST_ACCOUNTS)) {
      const message = messageOf(type, own, this.options.ra);
      for (const target of await this.options.contactsOf(accountId)) {
        if (!this.options.targets.includes(target)) notices.push(this.#notice(target, message));
      }
    }
    return notices;
  }

  #notice(target: string, message: Message) {
    return { id: newId(), target, body: JSON.stringify(message), createdAt: this.options.clock() };
  }
}

const newId = () => `msg_${randomBytes(16).toString('hex')}`;
