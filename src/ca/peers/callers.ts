import type { CurveKeyPair } from '../../channel/curve-keys.js';
import { isIntroduction } from '../../channel/introduction.js';
import { BoundedMap } from '../../lib/bounded-map.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CaStore } from '../../store/contract/ca.js';
import { END_CERTIFICATES, type Entitlement } from '../issue/entitlement.js';
import { findNode } from '../lookup.js';

/** Connections tracked: an RA has one, and ended connections are not reported. */
const MAX_CONNECTIONS = 10_000;

/** A caller that proved knowledge of the seed. */
export const SEED_HOLDER: Actor = { who: 'holder of the registration seed', from: 'channel' };

/** The caller on each connection of the operations socket, for the audit log and for entitlement. */
export class ChannelCallers {
  /** The peer that introduced itself on a connection, and its key. */
  readonly #known = new BoundedMap<string, { actor: Actor; publicKey: string }>(MAX_CONNECTIONS);
  /** Pending introductions. A request whose entitlement depends on the caller waits for the one of its connection. */
  readonly #introducing = new Map<string, Promise<boolean>>();
  readonly #stranger: Actor;

  constructor(
    private readonly store: Pick<CaStore, 'findPeer' | 'getNode'>,
    private readonly keys: CurveKeyPair,
    private readonly mode: 'curve' | 'clear',
  ) {
    const who = mode === 'clear' ? 'unauthenticated peer' : 'admitted peer that did not introduce itself';
    this.#stranger = { who, from: 'channel' };
  }

  of(connection: string): Actor {
    return this.#known.get(connection)?.actor ?? this.#stranger;
  }

  /** The caller as the agent of a person it names. Only the caller's own identity is proven. */
  onBehalf(connection: string, named: string | undefined): Actor {
    const { who, from } = this.of(connection);
    return { who: named === undefined ? who : `${named} (says ${who})`, from };
  }

  /** The caller's CURVE key; null when it did not introduce itself. */
  keyOf(connection: string): string | null {
    return this.#known.get(connection)?.publicKey ?? null;
  }

  /**
   * The certificates that the caller may request: end-entity certificates, and an RA's in its own name. In
   * clear mode callers are not authenticated: `cn` counts as the caller's own if a registered RA has it.
   */
  async entitlementOf(connection: string, cn: string): Promise<Entitlement> {
    if (this.mode === 'clear') {
      const node = await findNode(this.store, cn);
      return node?.profile === 'ra' ? { ra: node.cn } : END_CERTIFICATES;
    }
    await this.#introducing.get(connection)?.catch(() => false);
    const key = this.keyOf(connection);
    const peer = key === null ? null : await this.store.findPeer(key);
    return peer?.role === 'ra' && peer.revokedAt === null ? { ra: peer.cn } : END_CERTIFICATES;
  }

  /** Accepts an introduction; false when its proof is invalid or the peer is not registered. */
  introduce(connection: string, publicKey: string, proof: string): Promise<boolean> {
    const taken = this.#take(connection, publicKey, proof).finally(() => {
      this.#introducing.delete(connection);
    });
    this.#introducing.set(connection, taken);
    return taken;
  }

  async #take(connection: string, publicKey: string, proof: string): Promise<boolean> {
    if (!isIntroduction(this.keys, publicKey, proof)) return false;
    const peer = await this.store.findPeer(publicKey);
    if (peer === null || peer.revokedAt !== null) return false;
    this.#known.set(connection, { actor: { who: `${peer.role} ${peer.cn}`, from: 'channel' }, publicKey });
    return true;
  }
}
