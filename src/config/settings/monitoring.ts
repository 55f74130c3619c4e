import { DAY } from '../../lib/time.js';
import * as notice from '../notice-types.js';
import { optional, type Setting, setting } from '../setting.js';
import * as is from '../types.js';

/** How the operator monitors the programs. */
export const MONITORING_SETTINGS = {
  metrics: optional(is.hostPort(9464), {
    env: 'UPKI_METRICS',
    programs: ['ra'],
    doc: 'Address and port on which the RA serves its figures at /metrics, in the text format of Prometheus and without any authentication: loopback, or a network of the operator’s own. docs/monitoring.md lists them.',
  }),
  notify: setting(notice.noticeTargets, [], {
    env: 'UPKI_NOTIFY',
    programs: ['ra'],
    secret: true,
    defaultText: 'nobody',
    doc: 'Who is told of what matters: certificates that were not renewed, authorities that end, a late CRL, a broken audit log and the like. Several of `mailto:ADDRESS`, which needs UPKI_SMTP_URL, and `https://…`, a webhook as Standard Webhooks has it, which needs UPKI_NOTIFY_SECRET. docs/monitoring.md says what is told when.',
  }),
  notifySecret: optional(notice.webhookSecret, {
    env: 'UPKI_NOTIFY_SECRET',
    programs: ['ra'],
    secret: true,
    doc: 'Signs webhooks (Standard Webhooks): `whsec_` and 24 to 64 random bytes in base64, such as the output of `echo "whsec_$(openssl rand -base64 32)"`.',
  }),
  smtpUrl: optional(notice.smtp, {
    env: 'UPKI_SMTP_URL',
    programs: ['ra'],
    secret: true,
    doc: 'Mail server for notices: `smtp://USER:PASSWORD@HOST:587` (STARTTLS where the server has it) or `smtps://…:465`. `?from=ADDRESS` says who the sender is.',
  }),
  notifyContacts: setting(is.boolean, false, {
    env: 'UPKI_NOTIFY_CONTACTS',
    programs: ['ra'],
    doc: 'Whether the mail contacts of an ACME account are told of its certificates that were not renewed, too.',
  }),
  notifyBackupAge: setting(is.duration(0, 365 * DAY), 8 * DAY, {
    env: 'UPKI_NOTIFY_BACKUP_AGE',
    programs: ['ra'],
    doc: 'A notice says once a week that the last `upki backup` of the RA or of the CA is older than this. 0ms: nobody wants to know, as where other backups are taken.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
