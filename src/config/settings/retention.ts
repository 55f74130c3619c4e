import { DAY } from '../../lib/time.js';
import { type Setting, settingsOf } from '../setting.js';
import * as is from '../types.js';

const { setting } = settingsOf('ra', 'ca');

/** How long data is kept. */
export const RETENTION_SETTINGS = {
  keepCertificates: setting('UPKI_KEEP_CERTIFICATES', is.duration(0, 36_500 * DAY), 365 * DAY, {
    doc: 'How long the record of a certificate is kept after it expires. Keys revoked as compromised stay refused. 0ms: for ever. `upki store prune --dry-run` shows how many would be deleted.',
  }),
  keepAudit: setting('UPKI_KEEP_AUDIT', is.duration(0, 36_500 * DAY), 0, {
    defaultText: '0ms',
    doc: 'How long records of the audit log are kept. Older ones are deleted, and the log then begins at a signed head. 0ms: for ever. `upki audit archive` writes them to a file first.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
