import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { type CurveKeyPair, curveKeyPairFromSecret, newCurveKeyPair } from '../../channel/curve-keys.js';
import { makePrivateFolder, readIfThere, writeDurably } from '../../lib/files.js';
import { parseCertificate } from '../../x509/certificate.js';
import { firstFromPem } from '../../x509/pem.js';
import { CannotStart } from '../exit.js';

/** What the RA proves itself with before it is registered: made once, here, and never sent anywhere. */
export interface RaKeys {
  /** TLS key, PKCS #8 PEM. */
  tls: string;
  /** The RA's end of the channel. */
  channel: CurveKeyPair;
}

/** What the RA has once it is registered. All certificates PEM. */
export interface RaRegistration {
  /** Leaf first, with its issuing chain, root left out. */
  certificate: string;
  root: string;
  /** CURVE public key of the CA's operations socket (Z85); null in clear mode. */
  caChannelKey: string | null;
}

/** What registering gave; a Python CA makes the TLS key, ours never does. */
export interface NewRegistration extends RaRegistration {
  tlsKey?: string;
}

/** What the RA calls itself: kept in its data directory, so that a name given once stays its name. */
export interface RaNames {
  /** Common name of its certificate, and the host in the directory's URLs. */
  cn: string;
  /** More DNS names and addresses of its certificate. */
  sans: string[];
}

const NAMES = {
  tlsKey: 'ra.key',
  channelKey: 'channel.key',
  certificate: 'ra.crt',
  root: 'ca.crt',
  caChannelKey: 'ca-channel.pub',
  url: 'url',
  nodeSecret: 'node-secret',
  names: 'names.json',
};

/** The RA's own files in its data directory, under the names the Python RA uses where it has them. */
export class RaFiles {
  constructor(readonly directory: string) {}

  path(name: keyof typeof NAMES): string {
    return join(this.directory, NAMES[name]);
  }

  /** The RA's keys, made when there are none. */
  async keys(): Promise<RaKeys> {
    await makePrivateFolder(this.directory);
    const tls = await this.#orMake('tlsKey', newTlsKey);
    const secret = await this.#orMake('channelKey', () => `${newCurveKeyPair().secretKey}\n`);
    return { tls, channel: curveKeyPairFromSecret(secret.trim()) };
  }

  /** Null until the RA is registered. */
  async registration(): Promise<RaRegistration | null> {
    const [certificate, root, caChannelKey] = await Promise.all([
      readIfThere(this.path('certificate')),
      readIfThere(this.path('root')),
      readIfThere(this.path('caChannelKey')),
    ]);
    if (certificate === null || root === null) return null;
    return { certificate, root, caChannelKey: caChannelKey?.trim() ?? null };
  }

  /** The certificate goes last: with it the registration is complete, and after a crash before it, made again. */
  async saveRegistration({ certificate, root, caChannelKey, tlsKey }: NewRegistration): Promise<void> {
    if (tlsKey !== undefined) await writeDurably(this.path('tlsKey'), tlsKey, 0o600);
    await writeDurably(this.path('root'), root, 0o644);
    if (caChannelKey !== null) await writeDurably(this.path('caChannelKey'), `${caChannelKey}\n`, 0o644);
    await this.saveCertificate(certificate);
  }

  /** The roots to trust, PEM. */
  async saveRoots(roots: string): Promise<void> {
    await writeDurably(this.path('root'), roots, 0o644);
  }

  async saveCertificate(certificate: string): Promise<void> {
    await writeDurably(this.path('certificate'), certificate, 0o644);
  }

  /** Keeps what the RA calls itself; see own-names.ts. */
  async saveNames(names: RaNames): Promise<void> {
    await writeDurably(this.path('names'), `${JSON.stringify(names, null, 2)}\n`, 0o644);
  }

  /**
   * What the RA was called when it was registered or last served; of a registration older than the file, its certificate's
   * common name. Null for an RA that has no name yet. @throws CannotStart for a file that is not what we wrote
   */
  async names(): Promise<RaNames | null> {
    const text = await readIfThere(this.path('names'));
    if (text !== null) return readNames(text, this.path('names'));
    const registration = await this.registration();
    if (registration === null) return null;
    const { commonName } = parseCertificate(firstFromPem('CERTIFICATE', registration.certificate));
    return commonName === null ? null : { cn: commonName, sans: [] };
  }

  /** Under which base URL the RA serves, for commands on the same machine. */
  async saveUrl(url: string): Promise<void> {
    await writeDurably(this.path('url'), `${url}\n`, 0o644);
  }

  /** Null until the RA has served. */
  async url(): Promise<string | null> {
    return (await readIfThere(this.path('url')))?.trim() ?? null;
  }

  async #orMake(name: keyof typeof NAMES, make: () => string): Promise<string> {
    const existing = await readIfThere(this.path(name));
    if (existing !== null) return existing;
    const made = make();
    await writeDurably(this.path(name), made, 0o600);
    return made;
  }
}

const namesFile = z.strictObject({ cn: z.string().min(1), sans: z.array(z.string().min(1)) });

function readNames(text: string, path: string): RaNames {
  try {
    return namesFile.parse(JSON.parse(text));
  } catch {
    throw new CannotStart(`${path} is damaged: restore it, or remove it and set UPKI_RA_CN and UPKI_RA_SANS`);
  }
}

/** P-256: every client takes it, and a handshake costs a tenth of RSA's. */
function newTlsKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
