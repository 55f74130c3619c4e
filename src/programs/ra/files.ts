import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { type CurveKeyPair, newCurveKeyPair } from '../../channel/curve-keys.js';
import { makePrivateFolder, readIfThere, setAside, writeDurably } from '../../lib/files.js';
import { LAST_SEEN } from '../../lib/last-seen.js';
import { ModeError, mendMode } from '../../lib/private-file.js';
import { requireUsable } from '../../lib/usable-file.js';
import { parseCertificate } from '../../x509/certificate.js';
import { firstFromPem } from '../../x509/pem.js';
import { CannotStart } from '../exit.js';
import {
  channelKeysIn,
  parseRaMarker,
  type RaMarker,
  raMarkerText,
  requireCaKey,
  requireWhole,
  rootFingerprints,
} from './identity.js';

/** The RA's private keys. They are generated here once and never leave the machine. */
export interface RaKeys {
  /** TLS key, PKCS #8 PEM. */
  tls: string;
  /** The RA's end of the channel. */
  channel: CurveKeyPair;
}

/** The result of a registration. All certificates PEM. */
export interface RaRegistration {
  /** The leaf and its issuers, without the root. */
  certificate: string;
  root: string;
  /** CURVE public key of the CA's operations socket (Z85); null in clear mode. */
  caChannelKey: string | null;
}

/** The result of a registration. Only a Python CA returns a TLS key, because it generates it. */
export interface NewRegistration extends RaRegistration {
  tlsKey?: string;
}

/** The RA's names. They are stored in its data directory, so that the operator has to configure them only once. */
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
  /** The CA that this RA belongs to (see identity.ts). */
  marker: 'identity.json',
  database: 'acme.db',
};

/** The files that a registered RA must have, with a description for messages. */
const NEEDED: [name: keyof typeof NAMES, what: string][] = [
  ['tlsKey', 'the TLS key of this RA'],
  ['channelKey', 'the key by which the CA knows this RA'],
  ['certificate', 'the TLS certificate of this RA'],
  ['root', 'the root certificate of its CA'],
];

/** The parts of an existing RA that `upki ra init --anew` can replace. */
export const RA_ANEW = ['database'] as const;
export type RaAnew = (typeof RA_ANEW)[number];

/** The RA's files in its data directory. Files that the Python RA has too have the same names. */
export class RaFiles {
  constructor(readonly directory: string) {}

  path(name: keyof typeof NAMES): string {
    return join(this.directory, NAMES[name]);
  }

  /**
   * Reads the RA's keys, and generates them when there are none. Makes a key file that others can read private to its owner.
   * @throws CannotStart naming a key that a registered RA has lost, or that is damaged; errors of the file system with the path
   */
  async keys(warn: (sentence: string) => void = () => {}): Promise<RaKeys> {
    await makePrivateFolder(this.directory);
    await this.#requireUsable();
    await this.#requireNeeded(warn);
    const tls = await this.#orMake('tlsKey', newTlsKey);
    const secret = await this.#orMake('channelKey', () => `${newCurveKeyPair().secretKey}\n`);
    try {
      for (const name of ['tlsKey', 'channelKey'] as const) await mendMode(this.path(name), warn);
    } catch (error) {
      throw error instanceof ModeError ? new CannotStart(error.message) : error;
    }
    return { tls, channel: channelKeysIn(secret, this.path('channelKey')) };
  }

  /** The CA of this RA; null before the registration, and after a registration by a version that wrote no marker. */
  async marker(): Promise<RaMarker | null> {
    const text = await readIfThere(this.path('marker'));
    return text === null ? null : parseRaMarker(text, this.path('marker'));
  }

  /**
   * Null until the RA is registered.
   * @throws CannotStart naming the file that a registered RA has lost, or that does not belong to the others
   */
  async registration(): Promise<RaRegistration | null> {
    await this.#requireNeeded();
    const [certificate, root, caChannelKey, key] = await Promise.all([
      readIfThere(this.path('certificate')),
      readIfThere(this.path('root')),
      readIfThere(this.path('caChannelKey')),
      readIfThere(this.path('tlsKey')),
    ]);
    if (certificate === null || root === null || key === null) return null;
    const marker = await this.marker();
    requireWhole({ certificate, root, key }, marker, this.#paths());
    const caKey = caChannelKey?.trim() ?? null;
    if (caKey !== null) requireCaKey(caKey, marker, this.path('caChannelKey'), this.directory);
    return { certificate, root, caChannelKey: caKey };
  }

  /** Writes the certificate last, because it completes the registration: after a crash before it, the RA registers again. */
  async saveRegistration({ certificate, root, caChannelKey, tlsKey }: NewRegistration): Promise<void> {
    const known = await this.marker();
    if (tlsKey !== undefined) await writeDurably(this.path('tlsKey'), tlsKey, 0o600);
    await writeDurably(this.path('root'), root, 0o644);
    if (caChannelKey !== null) await writeDurably(this.path('caChannelKey'), `${caChannelKey}\n`, 0o644);
    await this.saveCertificate(certificate);
    const channel = caChannelKey ?? undefined;
    await this.#saveMarker({ roots: rootFingerprints(root), database: known?.database ?? false, channel });
  }

  /** Records that the RA has stored accounts and orders, for clients of these roots (PEM). */
  async noteBound(root: string): Promise<void> {
    const known = await this.marker();
    const roots = [...new Set([...(known?.roots ?? []), ...rootFingerprints(root)])];
    if (known?.database && roots.length === known.roots.length) return;
    await this.#saveMarker({ ...known, roots, database: true });
  }

  /** Starts with an empty database on purpose; the old file is set aside. */
  async beginDatabase(): Promise<void> {
    for (const suffix of ['', '-wal', '-shm']) await setAside(`${this.path('database')}${suffix}`);
    await setAside(join(this.directory, LAST_SEEN));
    const known = await this.marker();
    if (known !== null) await this.#saveMarker({ ...known, database: false });
  }

  /** Sets keys and registration aside, to register as a new RA on purpose. */
  async beginAnew(): Promise<void> {
    const names = ['certificate', 'tlsKey', 'channelKey', 'root', 'caChannelKey', 'marker'] as const;
    for (const name of names) await setAside(this.path(name));
  }

  async #saveMarker(marker: RaMarker): Promise<void> {
    await writeDurably(this.path('marker'), raMarkerText(marker), 0o600);
  }

  /** Checks that all files but the database can be read. @throws DanglingLink, NodeJS.ErrnoException */
  async #requireUsable(): Promise<void> {
    const { database: _, ...names } = NAMES;
    for (const name of [...Object.values(names), LAST_SEEN]) await requireUsable(join(this.directory, name));
  }

  /** Checks that a registered RA has all of NEEDED. @throws CannotStart naming the missing files */
  async #requireNeeded(warn: (sentence: string) => void = () => {}): Promise<void> {
    const marked = (await this.marker()) !== null;
    const there = new Map<string, boolean>();
    for (const [name] of NEEDED) there.set(name, (await readIfThere(this.path(name))) !== null);
    // Without a marker, certificate and root show a complete registration by an older version.
    if (!marked && !(there.get('certificate') && there.get('root'))) return;
    const missing = NEEDED.filter(([name]) => !there.get(name));
    if (missing.length === 0 && !marked)
      warn(
        `${this.path('marker')} was not there (it was lost, or an older version wrote none): it says of which CA this RA is, and is made again`,
      );
    if (missing.length === 0) return;
    const complaints = missing.map(([name, what]) => `${this.path(name)} is missing: it is ${what}.`);
    throw new CannotStart(
      `${complaints.join('\n')}\nRestore it from the backup, or register as a new RA on purpose: ` +
        `\`upki ra register -d ${this.directory} --anew\` (with the CA's seed).`,
    );
  }

  #paths() {
    const { directory } = this;
    const [tlsKey, certificate, root] = [this.path('tlsKey'), this.path('certificate'), this.path('root')];
    return { directory, tlsKey, certificate, root, marker: this.path('marker') };
  }

  /** The roots to trust, PEM. */
  async saveRoots(roots: string): Promise<void> {
    await writeDurably(this.path('root'), roots, 0o644);
  }

  async saveCertificate(certificate: string): Promise<void> {
    await writeDurably(this.path('certificate'), certificate, 0o644);
  }

  /** Stores the RA's names; see own-names.ts. */
  async saveNames(names: RaNames): Promise<void> {
    await writeDurably(this.path('names'), `${JSON.stringify(names, null, 2)}\n`, 0o644);
  }

  /**
   * The RA's names at its registration or last start. Without the file, which older versions did not write: the common name of the
   * certificate. Null for an RA that has no name yet. @throws CannotStart for a damaged file
   */
  async names(): Promise<RaNames | null> {
    const text = await readIfThere(this.path('names'));
    if (text !== null) return readNames(text, this.path('names'));
    const registration = await this.registration();
    if (registration === null) return null;
    const { commonName } = parseCertificate(firstFromPem('CERTIFICATE', registration.certificate));
    return commonName === null ? null : { cn: commonName, sans: [] };
  }

  /** Stores the base URL of the RA, for commands on the same machine. */
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

/** P-256: every client supports it, and a handshake costs a tenth of one with RSA. */
function newTlsKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
