import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { errorMessage } from '../../lib/error-message.js';
import { HOUR } from '../../lib/time.js';
import { Delivery } from '../../notices/delivery.js';
import { damagedDatabase } from '../../notices/findings.js';
import { mailer } from '../../notices/mail.js';
import { type Finding, messageOf } from '../../notices/message.js';
import { Notices } from '../../notices/notices.js';
import { type Sender, webhook } from '../../notices/targets.js';
import { NoticeWatch, type NoticeWatchOptions } from '../../notices/watch.js';
import type { RaStore } from '../../store/index.js';
import type { ProgramSettings } from '../settings.js';

/** The setting in the database with the time at which notices were first configured. */
const SINCE = 'notices: wanted since';

interface NoticeParts {
  notices: Notices;
  delivery: Delivery;
  /** Sends without the queue, to every target that has not accepted this id yet. Resolves with whether all have. */
  direct(id: string, createdAt: number, message: ReturnType<typeof messageOf>): Promise<boolean>;
}

type Wishes = Pick<ProgramSettings, 'notify' | 'notifySecret' | 'smtpUrl' | 'notifyContacts'>;

/** The setting in the database with the time of the last complete backup of any RA on the database. */
const BACKUP = 'notices: last backup';

/** The target of a contact: nothing for other schemes than `mailto`, whose case does not matter (RFC 3986 §3.1). */
function mailTarget(contact: string): string[] {
  const [, address] = /^mailto:(.+)$/i.exec(contact) ?? [];
  return address === undefined ? [] : [`mailto:${address}`];
}

/** A sender for each target of UPKI_NOTIFY. @param root PEM of this PKI's root; servers with its certificates are trusted too */
export async function sendersOf(
  { notify, notifySecret, smtpUrl }: Omit<Wishes, 'notifyContacts'>,
  ra: string,
  root: string | null,
): Promise<{ senders: Sender[]; mailTo: ((address: string) => Sender) | null }> {
  const mailTo = smtpUrl === null ? null : await mailer(smtpUrl, ra, root);
  const senders = notify.flatMap((target): Sender[] => {
    if (target.startsWith('mailto:')) return mailTo === null ? [] : [mailTo(target.slice('mailto:'.length))];
    return notifySecret === null ? [] : [webhook(target, notifySecret, root)];
  });
  return { senders, mailTo };
}

/** Queue and delivery of notices for these settings. @param root PEM of this PKI's root @param ra the name of the RA */
export async function noticeParts(
  settings: Wishes,
  {
    store,
    ra,
    root,
    clock,
    log,
    onOutcome,
  }: Outcomes & {
    store: RaStore;
    ra: string;
    root: string;
    clock(): number;
    log: Logger;
  },
): Promise<NoticeParts> {
  const { notifyContacts } = settings;
  const { senders, mailTo } = await sendersOf(settings, ra, root);
  const byKey = new Map(senders.map((sender) => [sender.key, sender]));
  const contactSender = (target: string) =>
    notifyContacts && mailTo !== null && target.startsWith('mailto:')
      ? { sender: mailTo(target.slice('mailto:'.length)), configured: false }
      : null;
  const delivery = new Delivery({
    queue: store,
    senderOf: (target) => {
      const sender = byKey.get(target);
      return sender ? { sender, configured: true } : contactSender(target);
    },
    clock,
    log,
    ...(onOutcome && { onOutcome }),
  });
  const notices = new Notices({
    queue: store,
    targets: [...byKey.keys()],
    contactsOf: async (accountId) => {
      if (!notifyContacts || mailTo === null) return [];
      const account = await store.getAccount(accountId);
      const isGood = account !== null && account.deactivatedAt === null && account.revokedAt === null;
      return isGood ? account.contact.flatMap(mailTarget) : [];
    },
    ra,
    clock,
    log,
  });
  const accepted = new Set<string>();
  const direct: NoticeParts['direct'] = async (id, createdAt, message) => {
    const isAccepted = await Promise.all(
      senders.map(async (sender) => {
        const key = `${id} ${sender.key}`;
        if (accepted.has(key)) return true;
        try {
          await sender.send({ id, createdAt }, message);
          accepted.add(key);
        } catch (error) {
          log.warn({ target: sender.label, why: errorMessage(error) }, 'a notice could not be sent');
        }
        return accepted.has(key);
      }),
    );
    return isAccepted.every((each) => each);
  };
  return { notices, delivery, direct };
}

interface Outcomes {
  onOutcome?(outcome: 'sent' | 'failed' | 'dropped'): void;
}

type Sources = Pick<
  NoticeWatchOptions,
  'ca' | 'auditFault' | 'diskFree' | 'raCertificate' | 'isDnsSilent' | 'clock'
>;

/** The watch of a running RA; null when UPKI_NOTIFY has no targets. */
export async function watchForNotices(
  settings: Wishes & Pick<ProgramSettings, 'notifyBackupAge'>,
  sources: Sources &
    Outcomes & {
      store: RaStore;
      ra: string;
      root: string;
      log: Logger;
      /** When the last backup of this RA's directory was complete. */
      backupHere(): Promise<number | null>;
    },
): Promise<NoticeWatch | null> {
  if (settings.notify.length === 0) return null;
  const { store, ra, clock } = sources;
  const { notices, delivery, direct } = await noticeParts(settings, sources);
  let told: number | null = null;
  const watch = new NoticeWatch({
    ...sources,
    notices,
    delivery,
    host: hostname(),
    pingStore: () => store.ping(),
    forgetTold: (now, limit) => store.forgetTold(now, limit),
    since: async () => {
      const known = await store.getSetting(SINCE);
      if (known !== null) return Number(known);
      const now = clock();
      await store.putSetting(SINCE, String(now));
      return now;
    },
    backupMaxAge: settings.notifyBackupAge || null,
    backupAt: async () => {
      const own = (await sources.backupHere()) ?? 0;
      const known = Number((await store.getSetting(BACKUP)) ?? 0);
      if (own > known) await store.putSetting(BACKUP, String(own));
      return Math.max(own, known) || null;
    },
    databaseAway: async (since, why) => {
      if (told === since) return;
      const at = new Date(since).toISOString();
      const line = `no answer of the database since ${at}; nothing is issued meanwhile`;
      const finding: Finding =
        why === null
          ? { type: 'database.away', key: '', line, facts: { since: at } }
          : damagedDatabase('ra', why, since);
      // Replicas that notice it within the same hour send the same id, so that the receiver detects duplicates.
      const id = `msg_${createHash('sha256')
        .update(`${ra} ${finding.type} ${Math.floor(since / HOUR)}`)
        .digest('hex')
        .slice(0, 32)}`;
      if (await direct(id, since, messageOf(finding.type, [finding], ra))) told = since;
    },
  });
  watch.start();
  return watch;
}
