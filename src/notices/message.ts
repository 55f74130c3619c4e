/** The content of a notice, whatever carries it. */
export interface Message {
  /** As Standard Webhooks has it: a noun and what became of it, such as `certificate.not_renewed`. */
  type: NoticeType;
  /** One line. */
  subject: string;
  /** For people, lines of text. */
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

/** One thing to be told once. */
export interface Finding {
  type: NoticeType;
  /** A key that has been announced is not announced again. */
  key: string;
  /** One line for people. */
  line: string;
  /** For programs. */
  facts: Record<string, string | number | string[] | null>;
  /** The ACME account it concerns; its contacts may be told, too. */
  accountId?: string;
}

/** Things listed in one notice; the rest is counted. */
const MOST_LISTED = 50;

const SUBJECTS: Record<NoticeType, (count: number) => string> = {
  test: () => 'this is a test: notices of this uPKI reach you',
  'certificate.not_renewed': (count) =>
    count === 1 ? 'a certificate was not renewed' : `${count} certificates were not renewed`,
  'authority.ending': () => 'a CA certificate is near its end',
  'ra_certificate.ending': () => 'the certificate of an RA is near its end',
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

/** One message of findings of one type. @param ra who tells */
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
      `Told by ${ra}; docs/monitoring.md says what to do.`,
      '',
    ].join('\n'),
    data: { ra, count: findings.length, items: listed.map(({ facts }) => facts) },
  };
}

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
