import { type Setting, settingsOf } from '../setting.js';
import * as is from '../types.js';

const { optional, setting } = settingsOf('ra', 'ca');

/** Settings of the channel between RA and CA, for both ends. */
export const CHANNEL_SETTINGS = {
  caHost: setting(
    'UPKI_CA_HOST',
    is.list(is.endpoint, 'host names or IP addresses'),
    [{ host: '127.0.0.1', port: null }],
    {
      doc: 'Address the CA listens on and the RA connects to. An RA may have several, each with or without its own port (`host:port`; registrations use the next port). They must be CAs with the same keys and a shared database; the RA uses one that answers.',
    },
  ),
  caPort: setting('UPKI_CA_PORT', is.port, 5000, {
    doc: 'Port of the CA for operations (ZeroMQ).',
  }),
  caRegistrationPort: optional('UPKI_CA_REGISTRATION_PORT', is.port, {
    defaultText: 'UPKI_CA_PORT + 1',
    doc: 'Port of the CA for registrations (ZeroMQ).',
  }),
  caSeed: optional('UPKI_CA_SEED', is.secret, {
    secret: true,
    defaultText: 'made at random when the CA is initialised',
    doc: 'Registration seed. Anyone who has it can register an RA with the CA. It is never sent over the network.',
  }),
  zmqMode: setting('UPKI_ZMQ_MODE', is.choice('curve', 'clear'), 'curve', {
    doc: '`curve` encrypts and authenticates both ends. `clear` does neither; it is only for the migration from the Python programs.',
  }),
  zmqClearAny: setting('UPKI_ZMQ_CLEAR_ANY', is.boolean, false, {
    doc: 'Allows clear mode on an address other than loopback; UPKI_ZMQ_MODE=clear must be set as well. Anyone who can reach that address can then issue and revoke certificates.',
  }),
  zmqTimeout: settingsOf('ra').setting('UPKI_ZMQ_TIMEOUT', is.duration(100, 60_000), 5000, {
    doc: 'How long the RA waits for an answer from the CA before it tells its client to retry.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
