import { optional, type Setting, setting } from '../setting.js';
import * as is from '../types.js';

/** The channel between RA and CA, seen from both ends. */
export const CHANNEL_SETTINGS = {
  caHost: setting(is.list(is.endpoint, 'host names or IP addresses'), [{ host: '127.0.0.1', port: null }], {
    env: 'UPKI_CA_HOST',
    programs: ['ra', 'ca'],
    doc: 'Address the CA listens on, and where the RA finds it. An RA may have several, each with or without a port of its own (`host:port`; registrations one above): CAs with the same keys that share a database, of which it asks whichever answers.',
  }),
  caPort: setting(is.port, 5000, {
    env: 'UPKI_CA_PORT',
    programs: ['ra', 'ca'],
    doc: 'Port of the CA for operations (ZeroMQ).',
  }),
  caRegistrationPort: optional(is.port, {
    env: 'UPKI_CA_REGISTRATION_PORT',
    programs: ['ra', 'ca'],
    defaultText: 'UPKI_CA_PORT + 1',
    doc: 'Port of the CA for registrations (ZeroMQ).',
  }),
  caSeed: optional(is.secret, {
    env: 'UPKI_CA_SEED',
    programs: ['ra', 'ca'],
    secret: true,
    defaultText: 'made at random when the CA is initialised',
    doc: 'Registration seed: whoever holds it can register an RA with the CA. It never crosses the network.',
  }),
  zmqMode: setting(is.choice('curve', 'clear'), 'curve', {
    env: 'UPKI_ZMQ_MODE',
    programs: ['ra', 'ca'],
    doc: '`curve` encrypts and authenticates both ends; `clear` does neither, and is for the move from the Python programs alone.',
  }),
  zmqClearAny: setting(is.boolean, false, {
    env: 'UPKI_ZMQ_CLEAR_ANY',
    programs: ['ra', 'ca'],
    doc: 'Lets clear mode listen on an address other than loopback, beside UPKI_ZMQ_MODE=clear: both must be said. Anybody who can reach that address can then issue and revoke certificates.',
  }),
  zmqTimeout: setting(is.duration(100, 60_000), 5000, {
    env: 'UPKI_ZMQ_TIMEOUT',
    programs: ['ra'],
    doc: 'How long the RA waits for an answer of the CA before it tells its client to come back.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
