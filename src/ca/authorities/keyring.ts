import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scryptSync } from 'node:crypto';
import { dirname, join } from 'node:path';
import { makePrivateFolder, readIfThere } from '../../lib/files.js';
import type { AuthorityRecord } from '../../store/contract/ca.js';
import { parseCertificate } from '../../x509/certificate.js';
import { KeyFileError, type KeySpec } from '../folder/keys.js';
import { caPaths } from '../folder/paths.js';
import {
  type KeyPlaces,
  makeSigningKey,
  openSigningKey,
  type SigningKey,
  saveSigningKey,
} from '../folder/signing-key.js';

interface KeyringOptions {
  /** The CA's folder: key files are named relative to it. */
  dataDir: string;
  /** Opens and makes keys that are encrypted at rest. */
  passphrase: string | null;
  /** Where new keys are made. */
  places: KeyPlaces;
  /** A secret that all CAs on this store share and the database server lacks: the secret half of their channel key. */
  channelSecret: string;
  /** Whether other CAs, with folders of their own, may be on this store. */
  shared: boolean;
}

/** Opens the keys of authorities: files in the CA's folder. A key that another CA made is restored from the store. */
export class Keyring {
  constructor(private readonly options: KeyringOptions) {}

  /** Null when the key is not at this CA. @throws KeyFileError for a key that is here but cannot be used */
  async open(record: AuthorityRecord): Promise<SigningKey | null> {
    const key = await this.#find(record);
    if (key === null || key.spki.equals(parseCertificate(record.certificate).spki)) return key;
    throw new KeyFileError(
      `${join(this.options.dataDir, record.keyRef ?? '')} holds another key than that of ${record.id}. Restore it from the backup`,
    );
  }

  async #find({ id, kind, certificate, keyRef, sealedKey }: AuthorityRecord): Promise<SigningKey | null> {
    const { spki } = parseCertificate(certificate);
    const { dataDir, passphrase } = this.options;
    if (keyRef === null) return kind === 'root' ? this.#returned(certificate) : null;
    const path = join(dataDir, keyRef);
    const pem = await readIfThere(path);
    if (pem !== null) return openSigningKey(pem, passphrase, path, spki);
    if (sealedKey === null) return this.#withoutFile(kind, path);
    const key = await openSigningKey(this.#unseal(id, sealedKey), null, id, spki);
    await this.#save(keyRef, key);
    return key;
  }

  /** A root's key may be offline, and an issuer's may be at another CA on this store. Otherwise the key is lost. @throws KeyFileError */
  #withoutFile(kind: AuthorityRecord['kind'], path: string): null {
    if (kind === 'root' || this.options.shared) return null;
    throw new KeyFileError(
      `${path} is missing: it is the key of an issuer, and no other can sign for it. Restore it from the backup`,
    );
  }

  /** The key of a root that was offline and that an operator may have put back as ca.key. */
  async #returned(certificate: Uint8Array): Promise<SigningKey | null> {
    const { dataDir, passphrase } = this.options;
    const { rootKey: path } = caPaths(dataDir);
    const pem = await readIfThere(path);
    if (pem === null) return null;
    try {
      const { spki } = parseCertificate(certificate);
      const key = await openSigningKey(pem, passphrase, path, spki);
      return key.spki.equals(spki) ? key : null;
    } catch (error) {
      // A key with another passphrase cannot be used here, which is not an error.
      if (error instanceof KeyFileError && error.locked) return null;
      throw error;
    }
  }

  /** Makes a key in the place configured for its kind. @throws KeyFileError */
  make(kind: 'root' | 'issuer', spec: KeySpec): Promise<SigningKey> {
    return makeSigningKey(spec, this.options.places[kind], `upki ${kind}`);
  }

  /** Stores the key of a new authority, sealed for the other CAs on this store too; returns these fields of its record. */
  async adopt(id: string, key: SigningKey): Promise<Pick<AuthorityRecord, 'keyRef' | 'sealedKey'>> {
    const keyRef = join('issuers', `${id}.key`);
    await this.#save(keyRef, key);
    return { keyRef, sealedKey: this.#seal(id, key) };
  }

  async #save(keyRef: string, key: SigningKey): Promise<void> {
    const path = join(this.options.dataDir, keyRef);
    await makePrivateFolder(dirname(path));
    await saveSigningKey(path, key, this.options.passphrase);
  }

  /** The encrypted key, or its location, for the other CAs on this store; null when neither can be shared. */
  #seal(id: string, key: SigningKey): Buffer | null {
    if (!this.options.shared) return null;
    const salt = randomBytes(SALT);
    const iv = randomBytes(IV);
    const cipher = createCipheriv('aes-256-gcm', this.#sealingKey(salt), iv);
    cipher.setAAD(Buffer.from(id));
    const text = Buffer.concat([cipher.update(textOf(key)), cipher.final()]);
    return Buffer.concat([salt, iv, cipher.getAuthTag(), text]);
  }

  #unseal(id: string, sealed: Uint8Array): string {
    const all = Buffer.from(sealed);
    const decipher = createDecipheriv(
      'aes-256-gcm',
      this.#sealingKey(all.subarray(0, SALT)),
      all.subarray(SALT, SALT + IV),
    );
    decipher.setAAD(Buffer.from(id));
    decipher.setAuthTag(all.subarray(SALT + IV, SALT + IV + TAG));
    try {
      return Buffer.concat([decipher.update(all.subarray(SALT + IV + TAG)), decipher.final()]).toString(
        'utf8',
      );
    } catch {
      throw new KeyFileError(
        `the key of issuer ${id}, kept by another CA on this database, cannot be opened: both need the same channel.key and passphrase`,
      );
    }
  }

  #sealingKey(salt: Buffer): Buffer {
    const { channelSecret, passphrase } = this.options;
    const slow = passphrase === null ? '' : scryptSync(passphrase, salt, 32).toString('hex');
    return Buffer.from(hkdfSync('sha256', `${channelSecret}${slow}`, salt, 'upki issuer key', 32));
  }
}

const SALT = 16;
const IV = 12;
const TAG = 16;

const textOf = ({ inFile, uri }: SigningKey): string | Buffer =>
  inFile === null ? `${uri}\n` : inFile.export({ type: 'pkcs8', format: 'pem' });
