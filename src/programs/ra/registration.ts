import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { registrationKeys } from '../../channel/curve-keys.js';
import { tcpEndpoint } from '../../channel/endpoint.js';
import { ChannelRefused } from '../../channel/errors.js';
import { FailoverChannel } from '../../channel/failover.js';
import { registration } from '../../channel/tasks/index.js';
import { TaskClient } from '../../channel/typed-client.js';
import { isPythonCa, registerWithPythonCa } from '../../python/registration.js';
import { parseCertificate } from '../../x509/certificate.js';
import { shortFingerprint } from '../../x509/fingerprint.js';
import { firstFromPem } from '../../x509/pem.js';
import { CannotStart } from '../exit.js';
import type { ProgramSettings } from '../settings.js';
import { chosenNames, requestFor } from './certificate.js';
import type { NewRegistration, RaFiles, RaKeys, RaRegistration } from './files.js';
import { rootFingerprints } from './identity.js';

/**
 * Registers the RA with the CA. The private keys stay here: the CA receives a CSR and the public key of the channel, and returns the
 * certificate and the root. Registration is idempotent, so it can be repeated after a crash at any point. A Python CA, which has only
 * clear mode, accepts no CSR: it generates the key and sends it.
 * @param warn called with facts about the outcome that the operator should know
 * @throws CannotStart without a seed, or when another CA answers than the one of this RA; ChannelRefused, ChannelUnavailable
 */
export async function registerRa(
  settings: ProgramSettings,
  files: RaFiles,
  names: string[],
  warn: (sentence: string) => void,
): Promise<NewRegistration> {
  const { caSeed: seed, zmqMode: mode, caHost, caRegistrationPort } = settings;
  if (seed === null) {
    throw new CannotStart(
      'this RA is not registered with a CA: run `upki ra register -s SEED`, or set UPKI_CA_SEED or UPKI_CA_SEED_FILE',
    );
  }
  const keys = await files.keys();
  const ends = mode === 'curve' ? registrationKeys(seed) : null;
  const channel = new FailoverChannel({
    endpoints: caHost.map(({ host, port }) =>
      tcpEndpoint(host, port === null ? caRegistrationPort : port + 1),
    ),
    security: ends
      ? { mode: 'curve', serverKey: ends.server.publicKey, keys: ends.client }
      : { mode: 'clear' },
    timeout: settings.zmqTimeout,
  });
  try {
    const python = mode === 'clear' && (await isPythonCa(channel));
    const made = python
      ? { ...(await registerWithPythonCa(channel, seed, names)), caChannelKey: null }
      : await askForNames(names, (these) =>
          ask(new TaskClient(registration, channel), {
            ...{ names: these, keys },
            seed: mode === 'clear' ? seed : '',
            plainUrl: plainUrl(settings, names[0] ?? ''),
          }),
        );
    await requireSameCa(files, made);
    await files.saveRegistration(made);
    if (python) {
      warn(
        `the Python CA has made the key of this RA, keeps a copy, and sent it unencrypted: it is in ${files.path('tlsKey')}`,
      );
    }
    return made;
  } finally {
    channel.close();
  }
}

/**
 * Requests a certificate for all names. If the CA refuses them, as an issuer with name constraints refuses localhost, requests one
 * for the names that the operator chose.
 * @throws CannotStart when the CA refuses those too
 */
async function askForNames(
  names: string[],
  ask: (names: string[]) => Promise<NewRegistration>,
): Promise<NewRegistration> {
  try {
    return await ask(names).catch((error: unknown) => {
      const chosen = chosenNames(names, hostname());
      if (!isRejected(error) || chosen.length === names.length) throw error;
      return ask(chosen);
    });
  } catch (error) {
    if (!isRejected(error)) throw error;
    throw new CannotStart(
      `the CA refuses the names of this RA: ${error.message}. Set UPKI_RA_CN, UPKI_RA_URL and UPKI_RA_SANS to others`,
      { cause: error },
    );
  }
}

const isRejected = (error: unknown): error is ChannelRefused =>
  error instanceof ChannelRefused && error.kind === 'rejectedIdentifier';

/** Prevents that the root of another CA replaces the one that clients trust. @throws CannotStart */
async function requireSameCa(files: RaFiles, { root }: NewRegistration): Promise<void> {
  const known = await files.marker();
  const own = rootFingerprints(root);
  if (known === null || known.roots.some((each) => own.includes(each))) return;
  throw new CannotStart(
    `this RA is of the CA with the root ${known.roots.map(shortFingerprint).join(', ')}, and the CA that answered has ` +
      `${own.map(shortFingerprint).join(', ')}: nothing was changed. To move it to the other CA on purpose: ` +
      `\`upki ra register -d ${files.directory} --anew\``,
  );
}

/**
 * The RA's registration; null when the RA has to register. If there is a seed, the RA registers again after a registration in clear
 * mode, when the channel key of the CA has changed, and when its common name has changed, because the CA certifies only the name that
 * the RA registered.
 */
export async function usableRegistration(
  { zmqMode, caSeed }: Pick<ProgramSettings, 'zmqMode' | 'caSeed'>,
  files: RaFiles,
  cn: string,
): Promise<RaRegistration | null> {
  const registration = await files.registration();
  if (registration === null || caSeed === null || zmqMode === 'clear') return registration;
  const { commonName } = parseCertificate(firstFromPem('CERTIFICATE', registration.certificate));
  return registration.caChannelKey === null || commonName !== cn ? null : registration;
}

/** The URL of this RA's CRL, OCSP and issuers; null if there is none, or if its port is known only once it listens. */
function plainUrl({ raHttp, raHttpPort, raUrl }: ProgramSettings, cn: string): string | null {
  if (!raHttp || raHttpPort === 0) return null;
  const host = raUrl === null ? cn : new URL(raUrl).hostname;
  return new URL(`http://${host}:${raHttpPort}`).origin;
}

async function ask(
  client: TaskClient<typeof registration>,
  { seed, names, keys, plainUrl }: { seed: string; names: string[]; keys: RaKeys; plainUrl: string | null },
): Promise<NewRegistration> {
  const [cn = ''] = names;
  const answer = await client.call('register', {
    seed,
    cn,
    profile: 'ra',
    sans: names.map((value) => ({ type: isIP(value) ? 'IP' : 'DNS', value })),
    csr: requestFor(names, keys.tls),
    curve_public_key: keys.channel.publicKey,
    ...(plainUrl !== null && { public_url: plainUrl }),
  });
  return {
    certificate: answer.certificate,
    root: answer.ca_certificate,
    caChannelKey: answer.operations_public_key ?? null,
  };
}
