import type { CurveKeyPair } from '../../channel/curve-keys.js';
import { isIntroduction } from '../../channel/introduction.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CaStore } from '../../store/contract/ca.js';

/** Connections remembered; an RA has one, and ends of connections are not told. */
const MAX_CONNECTIONS = 10_000;

/** Whoever shows that it knows the seed. */
export const SEED_HOLDER: Actor = { who: 'holder of the registration seed', from: 'channel' };

/** Who asks on which connection of the operations socket, for the audit log. */
export class ChannelCallers {
  readonly #known = new Map<string, Actor>();
  readonly #stranger: Actor;

  constructor(
    private readonly store: Pick<CaStore, 'findPeer'>,
    private readonly keys: CurveKeyPair,
    mode: 'curve' | 'clear',
  ) {
    const who = mode === 'clear' ? 'unauthenticated peer' : 'admitted peer that did not introduce itself';
    this.#stranger = { who, from: 'channel' };
  }

  of(connection: string): Actor {
    return this.#known.get(connection) ?? this.#stranger;
  }

  /** Takes an introduction; false when it proves nothing. */
  async introduce(connection: string, publicKey: string, proof: string): Promise<boolean> {
    if (!isIntroduction(this.keys, publicKey, proof)) return false;
    const peer = await this.store.findPeer(publicKey);
    if (peer === null || peer.revokedAt !== null) return false;
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MAX_CONNECTIONS && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(connection, { who: `${peer.role} ${peer.cn}`, from: 'channel' });
    return true;
  }
}
