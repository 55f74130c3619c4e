import type { Actor } from '../../store/contract/audit.js';
import type { CaStore, CertificateRecord, PeerRole } from '../../store/contract/ca.js';

/** How often the store is polled for peers removed by another process, in ms. */
const LOOK_EVERY = 5_000;

/**
 * The peers admitted to the operations socket: the CURVE public keys of registered RAs. A key is admitted
 * while the newest certificate of its registration is neither revoked nor on hold; other certificates of its
 * name do not matter. An expired certificate is accepted, so that an RA that was off for long can renew it.
 * The store is read at every handshake, so that changes by other processes apply at once.
 */
export class RegisteredPeers {
  /** Keys that are known to be revoked. */
  #shutOut: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;

  /** `onRemoved` is called when a key was removed; its holder may still be connected. */
  constructor(
    private readonly store: CaStore,
    private readonly onRemoved: () => void,
  ) {}

  /** Starts polling for removals by other processes. `onError` is called when the store cannot be read. */
  async watch(onError: (error: unknown) => void): Promise<void> {
    this.#shutOut = await this.#revokedKeys();
    this.#timer = setInterval(() => this.look().catch(onError), LOOK_EVERY);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Calls `onRemoved` if keys were revoked since the last call. */
  async look(): Promise<void> {
    const known = this.#shutOut;
    this.#shutOut = await this.#revokedKeys();
    if ([...this.#shutOut].some((key) => !known.has(key))) this.onRemoved();
  }

  async admits(publicKey: string): Promise<boolean> {
    const peer = await this.store.findPeer(publicKey);
    return peer !== null && peer.revokedAt === null;
  }

  /** Admits a key; it counts once this resolves. A CN may have several keys, because replicas of an RA share its name. */
  async admit(
    publicKey: string,
    role: PeerRole,
    { cn, serial, issuedAt }: Pick<CertificateRecord, 'cn' | 'serial' | 'issuedAt'>,
    by: Actor,
  ): Promise<void> {
    await this.store.admitPeer({ publicKey, role, cn, addedAt: issuedAt, serial }, by);
  }

  async #revokedKeys(): Promise<Set<string>> {
    const peers = await this.store.listPeers();
    return new Set(peers.filter(({ revokedAt }) => revokedAt !== null).map(({ publicKey }) => publicKey));
  }
}
