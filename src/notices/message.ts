/** The content of a notice, whatever carries it. */
export interface Message {
  /** An event type in the form of Standard Webhooks, such as `certificate.not_renewed`. */
  type: NoticeType;
  /** One line. */
  subject: string;
  /** Lines of text for people. */
  text: string;
  /** For programs. */
  data: Record<string, unknown>;
}

export type NoticeType =
  | 'test'
  | 'certificate.not_renewed'
  | 'authority.ending'
  | 'ra_certificate.ending'
  | 'crl.late'
  | 'ca.away'
  | 'database.away'
  | 'database.damaged'
  | 'disk.full'
  | 'backup.old'
  | 'audit.broken'
  | 'administrator.added'
  | 'limit.hit'
  | 'dns.silent';

/** Something to announce once. */
export interface Finding {
  type: NoticeType;
  /** A finding with an announced key is not announced again. */
  key: string;
  /** One line for people. */
  line: string;
  /** For programs. */
  facts: Record<string, string | number | string[] | null>;
  /** The ACME account it concerns; its contacts may get the notice, too. */
  accountId?: string;
}

/** Findings listed in one notice; of the rest only the number is given. */
const MOST_LISTED = 50;

const SUBJECTS: Record<NoticeType, (count: number) => string> = {
  test: () => 'this is a test: notices of this uPKI reach you',
  'certificate.not_renewed': (count) =>
    count === 1 ? 'a certificate was not renewed' : `${count} certificates were not renewed`,
  'authority.ending': () => 'a CA certificate expires soon',
  'ra_certificate.ending': () => 'the certificate of an RA expires soon',
  'crl.late': () => 'a CRL is late',
  'ca.away': () => 'the CA does not answer',
  'database.away': () => 'the database of the RA does not answer',
  'database.damaged': () => 'a database is damaged',
  'disk.full': () => 'a disk is nearly full',
  'backup.old': () => 'the last backup is too old',
  'audit.broken': () => 'the audit log was tampered with',
  'administrator.added': (count) =>
    count === 1 ? 'an administrator was added' : `${count} administrators were added`,
  'limit.hit': () => 'a limit refuses requests',
  'dns.silent': () => 'no DNS server answers',
};

/** One message for findings of one type. @param ra name of the RA that sends it */
export function messageOf(type: NoticeType, findings: readonly Finding[], ra: string): Message {
  const listed = findings.slice(0, MOST_LISTED);
  const more = findings.length - listed.length;
  const lines = [...listed.map(({ line }) => `- ${line}`), ...(more > 0 ? [`and ${more} more`] : [])];
  const subject = SUBJECTS[type](findings.length);
  return {
    type,
    subject: `uPKI ${ra}: ${subject}`,
    text: [
      `${capitalized(subject)}:`,
      '',
      ...lines,
      '',
      `Sent by ${ra}; docs/monitoring.md says what to do.`,
      '',
    ].join('\n'),
    data: { ra, count: findings.length, items: listed.map(({ facts }) => facts) },
  };
}

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
