import { optional, type Setting, setting } from '../setting.js';
import * as is from '../types.js';

/** Settings of every program. */
export const COMMON_SETTINGS = {
  dataDir: optional(is.path, {
    env: 'UPKI_DATA_DIR',
    programs: ['ra', 'ca'],
    defaultText: '~/.upki with `upki start`, ~/.upki/ra and ~/.upki/ca for one program alone',
    doc: 'Directory of all data. With `upki start`, the programs use its folders `ra` and `ca`.',
  }),
  configFile: optional(is.path, {
    env: 'UPKI_CONFIG',
    programs: ['ra', 'ca'],
    defaultText: 'upki.yml in the data directory, if it exists',
    doc: 'Settings file of both programs.',
  }),
  backupPassphrase: optional(is.secret, {
    env: 'UPKI_BACKUP_PASSPHRASE',
    programs: ['ra', 'ca'],
    secret: true,
    doc: 'Passphrase that encrypts and decrypts backups. Without it no backup can be read, so keep it in a different place than the backups.',
  }),
  logLevel: setting(is.choice('trace', 'debug', 'info', 'warn', 'error', 'silent'), 'info', {
    env: 'UPKI_LOG_LEVEL',
    programs: ['ra', 'ca'],
    doc: 'Least severe message logged. Logs go to standard error.',
  }),
  logFormat: setting(is.choice('auto', 'pretty', 'json'), 'auto', {
    env: 'UPKI_LOG_FORMAT',
    programs: ['ra', 'ca'],
    doc: '`pretty` for people, `json` for collectors; `auto` is pretty on a terminal and JSON elsewhere.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
