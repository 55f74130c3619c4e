import { NotInstallable, Tools } from '../kit/tools.js';
import type { Responder } from './driver/responder.js';
import { type Settling, settle } from './measure/settle.js';
import { runTurn, Stalled, type Turn, type TurnOptions } from './measure/turn.js';
import { startCaddy } from './servers/caddy.js';
import { startPebbleTarget } from './servers/pebble.js';
import { startStepCa } from './servers/step-ca.js';
import type { Network, Target } from './servers/target.js';

/** How often a server that locks up is restarted for one turn. */
const TRIES = 10;

/** One of the servers that take turns. */
export class Contender {
  readonly turns: Turn[] = [];
  /** How often it locked up in a turn; its earlier certificates count, or the turn was repeated. */
  stalls = 0;
  /** ms of CPU per certificate in the first hundreds after a start; null if that was not requested. */
  cold: number | null = null;
  /** The last server started, for its name and version. */
  target: Target | null = null;
  #running: Target | null = null;

  constructor(
    private readonly start: () => Promise<Target>,
    /** Restarted for each turn, because a server that searches everything it holds in memory gets slower. */
    private readonly fresh = false,
  ) {}

  /** Installs and starts it. */
  async prepare(): Promise<Target> {
    this.#running ??= await this.start();
    this.target = this.#running;
    return this.#running;
  }

  /** Issues the first certificates, so that turns begin warm. A server restarted for each turn has only the turn's own warm-up. */
  async settle(responder: Responder, options: Settling): Promise<void> {
    if (this.fresh || options.warm === 0) return;
    this.cold = await settle(await this.prepare(), responder, options);
  }

  async takeTurn(responder: Responder, options: TurnOptions): Promise<Turn> {
    for (let left = TRIES; ; left -= 1) {
      const target = await this.prepare();
      try {
        const turn = await runTurn(target, responder, options);
        this.turns.push(turn);
        if (turn.stalled) this.stalls += 1;
        if (turn.stalled) this.#running = null;
        else if (this.fresh) await this.stop();
        return turn;
      } catch (error) {
        if (!(error instanceof Stalled)) throw error;
        this.#running = null;
        this.stalls += 1;
        if (left === 0) throw error;
      }
    }
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.stop();
  }
}

/** The peers available on this machine; `leftOut` receives each of the others with the reason. Caddy dials port 80 only. */
export async function peers(network: Network, leftOut: (reason: string) => void): Promise<Contender[]> {
  const tools = await Tools.at();
  const all = [
    new Contender(() => startPebbleTarget(network, tools), true),
    new Contender(() => startStepCa(network, tools)),
    ...(network.httpPort === 80 ? [new Contender(() => startCaddy(tools))] : []),
  ];
  if (network.httpPort !== 80) leftOut('Caddy: port 80 cannot be had');
  const there: Contender[] = [];
  for (const peer of all) {
    try {
      await peer.prepare();
      there.push(peer);
    } catch (error) {
      if (!(error instanceof NotInstallable)) throw error;
      leftOut(error.message);
    }
  }
  return there;
}
