import { monotonic } from '../lib/monotonic.js';
import { ChannelClient, type ChannelClientOptions, type ConnectionState } from './client.js';
import type { AnswerData } from './envelope.js';
import { ChannelUnavailable } from './errors.js';
import { REPEATABLE } from './tasks/repeatable.js';

export interface FailoverOptions extends Omit<ChannelClientOptions, 'endpoint' | 'onState'> {
  /** `tcp://host:port` of each CA. They have the same keys and share a store. The first is tried first. */
  endpoints: readonly string[];
  onState?: (state: ConnectionState, endpoint: string) => void;
  now?: () => number;
}

/** How long a CA that did not answer is tried last, in ms: twice the time to detect a dead connection. */
const DOUBT = 12_000;

interface Peer {
  client: ChannelClient;
  /** Until this time the other CAs are tried first. */
  doubtedUntil: number;
}

/**
 * One channel to several CAs. A request goes to the CA that answered last. If that CA is unreachable or does not answer, the
 * request goes to the next one; but if it may have arrived, only an idempotent task is sent again. When no CA answers, the
 * request fails with ChannelUnavailable.
 */
export class FailoverChannel {
  readonly #peers: Peer[];
  readonly #connectTimeout: number;
  readonly #now: () => number;
  readonly #waiting = new Set<() => void>();

  constructor({ endpoints, onState, now = monotonic, ...options }: FailoverOptions) {
    this.#now = now;
    this.#connectTimeout = options.connectTimeout ?? 2_000;
    this.#peers = endpoints.map((endpoint) => ({
      doubtedUntil: 0,
      client: new ChannelClient({
        ...options,
        endpoint,
        onState: (state) => {
          onState?.(state, endpoint);
          if (state === 'connected') for (const look of [...this.#waiting]) look();
        },
      }),
    }));
  }

  /** @throws ChannelRefused, ChannelUnavailable */
  async request(task: string, params: object, timeout?: number): Promise<AnswerData> {
    const untried = new Set(this.#peers);
    let failure: ChannelUnavailable | null = null;
    for (;;) {
      const peer = await this.#next(untried);
      // No CA is connected: one is tried anyway, for its error message.
      const asked: Peer | undefined = peer ?? (failure === null ? this.#peers[0] : undefined);
      if (asked === undefined) throw failure;
      untried.delete(asked);
      try {
        const answer = await asked.client.request(task, params, timeout);
        this.#prefer(asked);
        return answer;
      } catch (error) {
        if (!(error instanceof ChannelUnavailable)) {
          this.#prefer(asked);
          throw error;
        }
        asked.doubtedUntil = this.#now() + DOUBT;
        if (untried.size === 0 || (!error.unsent && !REPEATABLE.has(task))) throw error;
        failure = error;
      }
    }
  }

  close(): void {
    for (const { client } of this.#peers) client.close();
  }

  /** The next CA to try: a connected one, preferably not doubted. Waits for a connection when there is none. */
  async #next(untried: ReadonlySet<Peer>): Promise<Peer | undefined> {
    const best = () => {
      const connected = this.#peers.filter((peer) => untried.has(peer) && peer.client.state === 'connected');
      return connected.find(({ doubtedUntil }) => doubtedUntil <= this.#now()) ?? connected[0];
    };
    if (this.#peers.length === 1) return this.#peers[0];
    return best() ?? (await this.#connection(best));
  }

  /** Makes a CA that answered the first one to try. */
  #prefer(peer: Peer): void {
    peer.doubtedUntil = 0;
    if (this.#peers[0] === peer) return;
    this.#peers.splice(this.#peers.indexOf(peer), 1);
    this.#peers.unshift(peer);
  }

  /** The result of `found` once a CA is connected; undefined when none connects in time. */
  #connection(found: () => Peer | undefined): Promise<Peer | undefined> {
    return new Promise((resolve) => {
      const end = (peer: Peer | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(peer);
      };
      const look = () => {
        const peer = found();
        if (peer !== undefined) end(peer);
      };
      const timer = setTimeout(() => end(undefined), this.#connectTimeout);
      this.#waiting.add(look);
    });
  }
}
