import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { letterFirst } from '../../lib/letter-first.js';
import type { Node, NodeKey } from '../../model/facts.js';
import type { RaStore } from '../../store/contract/ra.js';

/** Octets of a MAC key: RFC 7518 §3.2 requires as many as the hash has, and clients use HS256. */
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A new key, and its stored form. */
interface MadeKey {
  /** base64url, shown once. */
  hmac: string;
  key: NodeKey;
}

interface NodeKeysOptions {
  store: Pick<RaStore, 'findNodeByKey'>;
  /** A secret of at least 32 octets that all RAs of the store share, and that is not in the store. @throws CaUnavailable */
  secret(): Promise<Uint8Array>;
  clock(): number;
  random(bytes: number): Buffer;
}

/**
 * The MAC keys of nodes (RFC 8555 §7.3.4). A MAC is verified with its key, so the keys are stored: encrypted by AES-256-GCM with a key
 * that is not in the database. The key id is the associated data, so that encrypted keys cannot be exchanged.
 */
export class NodeKeys {
  constructor(private readonly options: NodeKeysOptions) {}

  /** @throws CaUnavailable */
  async make({ once, expiresAt }: Pick<NodeKey, 'once' | 'expiresAt'>): Promise<MadeKey> {
    const { random } = this.options;
    const id = `upki-${random(12).toString('base64url')}`;
    const hmac = letterFirst(random(KEY_BYTES));
    const iv = random(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', await this.#sealing(), iv).setAAD(Buffer.from(id));
    const body = Buffer.concat([iv, cipher.update(hmac), cipher.final(), cipher.getAuthTag()]);
    const key = { id, sealed: body.toString('base64url'), expiresAt, once, usedAt: null };
    return { hmac: hmac.toString('base64url'), key };
  }

  /** The node with this key id, and the key, if the key can bind an account now; else null. @throws CaUnavailable */
  async find(keyId: string): Promise<{ hmac: Buffer; node: Node } | null> {
    const { store, clock } = this.options;
    const node = await store.findNodeByKey(keyId);
    const key = node?.key;
    if (!node || !key) return null;
    if (key.expiresAt !== null && key.expiresAt <= clock()) return null;
    if (key.once && key.usedAt !== null) return null;
    return { hmac: await this.#open(key), node };
  }

  async #open({ id, sealed }: NodeKey): Promise<Buffer> {
    const body = Buffer.from(sealed, 'base64url');
    const iv = body.subarray(0, IV_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', await this.#sealing(), iv, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(id))
      .setAuthTag(body.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(body.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
  }

  async #sealing(): Promise<Buffer> {
    const secret = await this.options.secret();
    return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), 'upki node keys', 32));
  }
}
