import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { type CurveKeyPair, curveKeyPairFromSecret, newCurveKeyPair } from '../../channel/curve-keys.js';
import { makePrivateFolder, readIfThere, writeDurably } from '../files.js';

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

const NAMES = {
  tlsKey: 'ra.key',
  channelKey: 'channel.key',
  certificate: 'ra.crt',
  root: 'ca.crt',
  caChannelKey: 'ca-channel.pub',
  url: 'url',
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

  async saveCertificate(certificate: string): Promise<void> {
    await writeDurably(this.path('certificate'), certificate, 0o644);
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

/** P-256: every client takes it, and a handshake costs a tenth of RSA's. */
function newTlsKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
