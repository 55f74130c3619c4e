import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, Router } from 'zeromq';
import { TurnLimit } from '../lib/turns.js';
import type { Answerer } from './dispatch.js';
import { isIpv6Endpoint, tcpEndpoint } from './endpoint.js';

type ServerSecurity = { mode: 'clear' } | { mode: 'curve'; secretKey: string; zapDomain: string };

interface ChannelServerOptions {
  host: string;
  /** 0 chooses a free port, see {@link ChannelServer.port}. */
  port: number;
  answer: Answerer;
  security: ServerSecurity;
  context: Context;
  /**
   * Requests handled at once; the rest wait in ZeroMQ's bounded queues. Enough to fill one group commit of the store,
   * few enough to bound the memory of a burst.
   */
  concurrency?: number;
  /** How long `close` waits for open requests, in ms. Default 2,000. */
  grace?: number;
}

// Use only bindSync, and never unbind. The asynchronous forms use the socket from another thread while it is polled here,
// and libzmq then aborts the process. The synchronous unbind does not work (zeromq.js 6.8).

/** The largest request is a CSR with 1000 names, and the names. ZeroMQ closes the connection of a peer that sends more. */
const MAX_REQUEST_BYTES = 256 * 1024;
/** Answers queued for one peer. More than a client has in flight (client.ts), so that none is dropped. */
const ANSWER_QUEUE = 10_000;
const HEARTBEAT_MS = 2_000;
/** Time to deliver the last answers when the socket closes. */
const LINGER_MS = 1_000;
/** ZeroMQ sends from its own thread. A peer that sees the close together with the last answer may lose that answer. */
const ON_THE_WIRE_MS = 20;
const REBIND_TRIES = 50;
/** Requests are begun for so long in one turn, in ms: one for a certificate takes a millisecond or two. */
const TURN_MS = 5;

/**
 * The CA's end of a channel: a ROUTER that answers plain REQ peers and pipelining DEALER peers alike. Frames before the
 * empty delimiter belong to the peer (a request id) and are sent back before the answer.
 */
export class ChannelServer {
  readonly #options: ChannelServerOptions;
  readonly #concurrency: number;
  readonly #turn = new TurnLimit(TURN_MS);
  #socket: Router;
  #port = 0;
  #closing = false;
  #working = 0;
  #freeSlot: (() => void) | null = null;
  #idle: (() => void) | null = null;
  /** ZeroMQ allows one send at a time. */
  #lastSend: Promise<void> = Promise.resolve();

  private constructor(options: ChannelServerOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? 64;
    this.#socket = this.#newSocket();
  }

  /** Binds and starts answering. @throws Error naming the address when it is in use or not an address of this machine */
  static async listen(options: ChannelServerOptions): Promise<ChannelServer> {
    const server = new ChannelServer(options);
    try {
      await bind(server.#socket, tcpEndpoint(options.host, options.port));
    } catch (error) {
      server.#socket.close();
      throw error;
    }
    server.#port = Number(/:(\d+)$/.exec(server.#socket.lastEndpoint ?? '')?.[1]);
    void server.#serve(server.#socket);
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /**
   * Closes every connection after answering the open requests. Peers reconnect by themselves and are authenticated again.
   * Needed after a key is removed, because ZeroMQ checks a key only at the handshake.
   */
  async dropPeers(): Promise<void> {
    const old = this.#socket;
    const next = this.#newSocket();
    this.#socket = next;
    await this.#drained();
    await sleep(ON_THE_WIRE_MS);
    old.close();
    await bind(next, tcpEndpoint(this.#options.host, this.#port));
    void this.#serve(next);
  }

  /** Stops accepting requests, answers the open ones, and closes. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#drained();
    await sleep(ON_THE_WIRE_MS);
    this.#socket.close();
  }

  #newSocket(): Router {
    const { security, context, host, port } = this.#options;
    const curve =
      security.mode === 'curve'
        ? { curveServer: true, curveSecretKey: security.secretKey, zapDomain: security.zapDomain }
        : {};
    return new Router({
      ...curve,
      context,
      ipv6: isIpv6Endpoint(tcpEndpoint(host, port)),
      linger: LINGER_MS,
      maxMessageSize: MAX_REQUEST_BYTES,
      sendHighWaterMark: ANSWER_QUEUE,
      heartbeatInterval: HEARTBEAT_MS,
      heartbeatTimeout: 3 * HEARTBEAT_MS,
    });
  }

  async #serve(socket: Router): Promise<void> {
    while (this.#serves(socket)) {
      if (this.#working >= this.#concurrency) {
        await new Promise<void>((resolve) => {
          this.#freeSlot = resolve;
        });
        continue;
      }
      let frames: Buffer[];
      try {
        frames = await socket.receive();
      } catch (error) {
        if (socket.closed) return;
        throw error;
      }
      await this.#turn.enter();
      if (this.#serves(socket)) void this.#work(socket, frames);
    }
  }

  #serves(socket: Router): boolean {
    return socket === this.#socket && !this.#closing && !socket.closed;
  }

  async #work(socket: Router, frames: Buffer[]): Promise<void> {
    const delimiter = frames.findIndex((frame, index) => index > 0 && frame.length === 0);
    const body = frames[delimiter + 1];
    // No delimiter, or more than one frame after it: not a message of this contract.
    if (delimiter < 0 || body === undefined || frames.length !== delimiter + 2) return;
    this.#working++;
    try {
      // The first frame of a ROUTER's message identifies the connection.
      const answer = await this.#options.answer(body, frames[0]?.toString('hex') ?? '');
      const parts = typeof answer === 'string' ? [answer] : answer;
      const send = this.#lastSend.then(() => socket.send([...frames.slice(0, delimiter + 1), ...parts]));
      // A ROUTER drops answers to a vanished peer. A send fails only when the socket was closed meanwhile.
      this.#lastSend = send.catch(() => {});
      await this.#lastSend;
    } finally {
      this.#working--;
      this.#freeSlot?.();
      this.#freeSlot = null;
      if (this.#working === 0) this.#idle?.();
    }
  }

  async #drained(): Promise<void> {
    if (this.#working === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    const over = new AbortController();
    await Promise.race([
      idle,
      sleep(this.#options.grace ?? 2_000, undefined, { signal: over.signal }).catch(() => {}),
    ]);
    over.abort();
  }
}

/** ZeroMQ frees a port shortly after its socket is closed, so a port in use is retried for a second. */
async function bind(socket: Router, endpoint: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      socket.bindSync(endpoint);
      return;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' || tries === REBIND_TRIES) {
        throw new Error(`cannot listen on ${endpoint}: ${message}`, { cause: error });
      }
      await sleep(20);
    }
  }
}
