import { createPrivateKey, createPublicKey } from 'node:crypto';
import { isIP } from 'node:net';
import type { ChannelClient } from '../channel/client.js';
import { ChannelRefused } from '../channel/errors.js';
import { registration } from '../channel/tasks/index.js';
import { TaskClient } from '../channel/typed-client.js';
import { CaRefused } from '../model/ca.js';
import { parseCertificate } from '../x509/certificate.js';
import { firstFromPem } from '../x509/pem.js';
import { isPythonName } from './python-names.js';
import { pythonRegistration } from './wire.js';

type Channel = Pick<ChannelClient, 'request'>;

/** Timeout in ms: a Python CA makes an RSA-4096 key during registration, which takes up to a minute on a small machine. */
const KEY_MAKING = 60_000;

/** Whether a Python CA answers registrations: it does not have the task `ping` there. */
export async function isPythonCa(channel: Channel): Promise<boolean> {
  try {
    await new TaskClient(registration, channel).call('ping', {});
    return false;
  } catch (error) {
    if (error instanceof ChannelRefused && error.kind === 'unknownTask') return true;
    throw error;
  }
}

/** Registers an RA with a Python CA, which makes the key itself and sends it in PEM. @throws CaRefused, ChannelRefused */
export async function registerWithPythonCa(
  channel: Channel,
  seed: string,
  names: readonly string[],
): Promise<{ certificate: string; root: string; tlsKey: string }> {
  const [cn = ''] = names;
  const sans = names.filter(isPythonName).map((value) => ({
    type: isIP(value) ? ('IP' as const) : ('DNS' as const),
    value,
  }));
  const client = new TaskClient(pythonRegistration, channel);
  const made = await client.call('register', { seed, cn, profile: 'ra', sans }, KEY_MAKING);
  const key = createPublicKey(createPrivateKey(made.private_key)).export({ type: 'spki', format: 'der' });
  if (!key.equals(parseCertificate(firstFromPem('CERTIFICATE', made.certificate)).spki)) {
    throw new CaRefused('the Python CA sent a certificate and a key that do not match');
  }
  return { certificate: made.certificate, root: made.ca_certificate, tlsKey: made.private_key };
}
