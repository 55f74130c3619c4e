import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { HOUR } from '../lib/time.js';
import type { NoticeQueue } from '../store/contract/notices.js';
import { REMEMBERED } from './findings.js';
import { type Finding, type Message, messageOf, type NoticeType } from './message.js';

export interface NoticesOptions {
  queue: NoticeQueue;
  /** Targets of every notice, as the queue keeps them. */
  targets: readonly string[];
  /** Mail contacts of an account; none where they are not to be told. */
  contactsOf(accountId: string): Promise<string[]>;
  ra: string;
  clock(): number;
  log: Pick<Logger, 'warn'>;
}

/** Most accounts whose contacts one notice goes to. */
const MOST_ACCOUNTS = 200;
/** Notices of these come at most once an hour: many such things are one notice. */
const HOURLY: readonly NoticeType[] = ['certificate.not_renewed'];

/** Puts what was found into the queue, each thing once among all RAs on the store, those of one type in one notice. */
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
      log.warn({ type, count: fresh.length, first: fresh[0]?.line }, 'something is to be told');
      const hour = HOURLY.includes(type) ? [`hour ${type} ${Math.floor(clock() / HOUR)}`] : [];
      const keys = [...fresh.map(({ key }) => key), ...hour];
      // False: another replica was first, or this hour had its notice. What is left is told at a later look.
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
