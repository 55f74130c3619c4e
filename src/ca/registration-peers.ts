import type { CaStore, PeerRole } from '../store/ca-store.js';

/**
 * Who may connect to the operations socket: the CURVE public keys of registered RAs and administrators. Kept in
 * memory, because ZeroMQ asks at every handshake and is not to wait for the disk; the store has it first.
 */
export class RegisteredPeers {
  readonly #cnByKey = new Map<string, string>();
  readonly #onRemoved: () => void;

  private constructor(
    private readonly store: CaStore,
    onRemoved: () => void,
  ) {
    this.#onRemoved = onRemoved;
  }

  /** `onRemoved`: a key was shut out, and its holder may be connected still. */
  static async load(store: CaStore, onRemoved: () => void): Promise<RegisteredPeers> {
    const peers = new RegisteredPeers(store, onRemoved);
    for (const { publicKey, cn, revokedAt } of await store.listPeers()) {
      if (revokedAt === null) peers.#cnByKey.set(publicKey, cn);
    }
    return peers;
  }

  admits(publicKey: string): boolean {
    return this.#cnByKey.has(publicKey);
  }

  /** Admits a key from the moment this resolves. A CN may have several: replicas of an RA share its name. */
  async admit(publicKey: string, role: PeerRole, cn: string, at: number): Promise<void> {
    await this.store.admitPeer({ publicKey, role, cn, addedAt: at });
    this.#cnByKey.set(publicKey, cn);
  }

  /** Shuts out every key of a CN. */
  async remove(cn: string, at: number): Promise<void> {
    const keys = [...this.#cnByKey].filter(([, itsCn]) => itsCn === cn).map(([key]) => key);
    for (const key of keys) {
      await this.store.revokePeer(key, at);
      this.#cnByKey.delete(key);
    }
    if (keys.length > 0) this.#onRemoved();
  }
}
