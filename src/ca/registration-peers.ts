import type { Actor } from '../store/audit.js';
import type { CaStore, PeerRole } from '../store/ca-store.js';

/**
 * Who may connect to the operations socket: the CURVE public keys of registered RAs and administrators. The store is
 * asked at every handshake, so that a registration by another process counts at once.
 */
export class RegisteredPeers {
  /** `onRemoved`: a key was shut out, and its holder may be connected still. */
  constructor(
    private readonly store: CaStore,
    private readonly onRemoved: () => void,
  ) {}

  async admits(publicKey: string): Promise<boolean> {
    const peer = await this.store.findPeer(publicKey);
    return peer !== null && peer.revokedAt === null;
  }

  /** Admits a key from the moment this resolves. A CN may have several: replicas of an RA share its name. */
  async admit(publicKey: string, role: PeerRole, cn: string, at: number, by: Actor): Promise<void> {
    await this.store.admitPeer({ publicKey, role, cn, addedAt: at }, by);
  }

  /** Shuts out every key of a CN. */
  async remove(cn: string, at: number, by: Actor): Promise<void> {
    let removed = false;
    for (const peer of await this.store.listPeers()) {
      if (peer.cn === cn) removed = (await this.store.revokePeer(peer.publicKey, at, by)) || removed;
    }
    if (removed) this.onRemoved();
  }
}
