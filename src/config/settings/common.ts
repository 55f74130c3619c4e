import { type Setting, settingsOf } from '../setting.js';
import * as is from '../types.js';

const { optional, setting } = settingsOf('ra', 'ca');

/** Settings of every program. */
export const COMMON_SETTINGS = {
  dataDir: optional(is.path, {
    env: 'UPKI_DATA_DIR',
    defaultText: '~/.upki with `upki start`, ~/.upki/ra and ~/.upki/ca for one program alone',
    doc: 'Directory of all data. With `upki start`, the programs use its folders `ra` and `ca`.',
  }),
  configFile: optional(is.path, {
    env: 'UPKI_CONFIG',
    defaultText: 'upki.yml in the data directory, if it exists',
    doc: 'Settings file of both programs.',
  }),
  backupPassphrase: optional(is.secret, {
    env: 'UPKI_BACKUP_PASSPHRASE',
    secret: true,
    doc: 'Passphrase that encrypts and decrypts backups. Without it no backup can be read, so keep it in a different place than the backups.',
  }),
  logLevel: setting(is.choice('trace', 'debug', 'info', 'warn', 'error', 'silent'), 'info', {
    env: 'UPKI_LOG_LEVEL',
    doc: 'Least severe message logged. Logs go to standard error.',
  }),
  logFormat: setting(is.choice('auto', 'pretty', 'json'), 'auto', {
    env: 'UPKI_LOG_FORMAT',
    doc: '`pretty` for people, `json` for collectors; `auto` is pretty on a terminal and JSON elsewhere.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
