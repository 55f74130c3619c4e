import { isIP } from 'node:net';
import { registrationKeys } from '../channel/curve-keys.js';
import { FailoverChannel } from '../channel/failover.js';
import { registration } from '../channel/tasks/index.js';
import { TaskClient } from '../channel/typed-client.js';
import { CannotStart } from './exit.js';
import { requestFor } from './ra-certificate.js';
import type { RaFiles, RaKeys, RaRegistration } from './ra-files.js';
import type { ProgramSettings } from './settings.js';

export const tcp = (host: string, port: number): string =>
  `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`;

/**
 * Registers the RA with the CA: its keys stay here, the CA gets a CSR and the channel's public key, and gives the
 * certificate and the root. Registering again with the same keys is no error, so a crash at any point is mended by
 * doing it again.
 * @throws CannotStart without a seed; ChannelRefused, ChannelUnavailable
 */
export async function registerRa(
  settings: ProgramSettings,
  files: RaFiles,
  names: string[],
): Promise<RaRegistration> {
  const { caSeed: seed, zmqMode: mode, caHost, caRegistrationPort } = settings;
  if (seed === null) {
    throw new CannotStart(
      'this RA is not registered with a CA: run `upki ra register -s SEED`, or set UPKI_CA_SEED or UPKI_CA_SEED_FILE',
    );
  }
  const keys = await files.keys();
  const ends = mode === 'curve' ? registrationKeys(seed) : null;
  const channel = new FailoverChannel({
    endpoints: caHost.map(({ host, port }) => tcp(host, port === null ? caRegistrationPort : port + 1)),
    security: ends
      ? { mode: 'curve', serverKey: ends.server.publicKey, keys: ends.client }
      : { mode: 'clear' },
    timeout: settings.zmqTimeout,
  });
  try {
    const made = await ask(new TaskClient(registration, channel), mode === 'clear' ? seed : '', names, keys);
    await files.saveRegistration(made);
    return made;
  } finally {
    channel.close();
  }
}

async function ask(
  client: TaskClient<typeof registration>,
  seed: string,
  names: string[],
  keys: RaKeys,
): Promise<RaRegistration> {
  const [cn = ''] = names;
  const answer = await client.call('register', {
    seed,
    cn,
    profile: 'ra',
    sans: names.map((value) => ({ type: isIP(value) ? 'IP' : 'DNS', value })),
    csr: requestFor(names, keys.tls),
    curve_public_key: keys.channel.publicKey,
  });
  return {
    certificate: answer.certificate,
    root: answer.ca_certificate,
    caChannelKey: answer.operations_public_key ?? null,
  };
}
