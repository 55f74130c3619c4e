import { type Setting, settingsOf } from '../setting.js';
import * as is from '../types.js';

const { optional, setting } = settingsOf('ra', 'ca');

/** Settings of every program. */
export const COMMON_SETTINGS = {
  dataDir: optional('UPKI_DATA_DIR', is.path, {
    defaultText: '~/.upki with `upki start`, ~/.upki/ra and ~/.upki/ca for one program alone',
    doc: 'Directory of all data. With `upki start`, the programs use its folders `ra` and `ca`.',
  }),
  configFile: optional('UPKI_CONFIG', is.path, {
    defaultText: 'upki.yml in the data directory, if it exists',
    doc: 'Settings file of both programs.',
  }),
  backupPassphrase: optional('UPKI_BACKUP_PASSPHRASE', is.secret, {
    secret: true,
    doc: 'Passphrase that encrypts and decrypts backups. Without it no backup can be read, so keep it in a different place than the backups.',
  }),
  logLevel: setting(
    'UPKI_LOG_LEVEL',
    is.choice('trace', 'debug', 'info', 'warn', 'error', 'silent'),
    'info',
    {
      doc: 'Least severe message logged. Logs go to standard error.',
    },
  ),
  logFormat: setting('UPKI_LOG_FORMAT', is.choice('auto', 'pretty', 'json'), 'auto', {
    doc: '`pretty` for people, `json` for collectors; `auto` is pretty on a terminal and JSON elsewhere.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
