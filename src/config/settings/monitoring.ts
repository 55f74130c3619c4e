import { DAY } from '../../lib/time.js';
import * as notice from '../notice-types.js';
import { type Setting, settingsOf } from '../setting.js';
import * as is from '../types.js';

const { optional, setting } = settingsOf('ra');

/** Settings of metrics and notices. */
export const MONITORING_SETTINGS = {
  metrics: optional('UPKI_METRICS', is.hostPort(9464), {
    doc: 'Address and port on which the RA serves its metrics at /metrics, in the Prometheus text format and without authentication. Use loopback or an internal network. With several UPKI_RA_WORKERS each serves its own, on this port and the following ones. docs/monitoring.md lists the metrics.',
  }),
  notify: setting('UPKI_NOTIFY', notice.noticeTargets, [], {
    secret: true,
    defaultText: 'nobody',
    doc: 'Targets of notices about problems, such as certificates that were not renewed, expiring CA certificates, a late CRL or a broken audit log. Each is `mailto:ADDRESS`, which needs UPKI_SMTP_URL, or `https://…`, a webhook (Standard Webhooks), which needs UPKI_NOTIFY_SECRET. docs/monitoring.md lists the notices.',
  }),
  notifySecret: optional('UPKI_NOTIFY_SECRET', notice.webhookSecret, {
    secret: true,
    doc: 'Secret that signs webhooks (Standard Webhooks): `whsec_` and 24 to 64 random bytes in base64, such as the output of `echo "whsec_$(openssl rand -base64 32)"`.',
  }),
  smtpUrl: optional('UPKI_SMTP_URL', notice.smtp, {
    secret: true,
    doc: 'Mail server for notices: `smtp://USER:PASSWORD@HOST:587` or `smtps://…:465`. `smtp:` uses STARTTLS if the server offers it; with a password it must, unless it is on this machine. `?from=ADDRESS` sets the sender.',
  }),
  notifyContacts: setting('UPKI_NOTIFY_CONTACTS', is.boolean, false, {
    doc: 'Whether the mail contacts of an ACME account also get the notices about its certificates that were not renewed.',
  }),
  notifyBackupAge: setting('UPKI_NOTIFY_BACKUP_AGE', is.duration(0, 365 * DAY), 8 * DAY, {
    doc: 'A weekly notice is sent while the last `upki backup` of the RA or of the CA is older than this. 0ms: no notices, for installations with another kind of backup.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
