import { type Context, Dealer } from 'zeromq';
import { JsonError } from '../lib/json.js';
import type { CurveKeyPair } from './curve-keys.js';
import { isIpv6Endpoint } from './endpoint.js';
import { type AnswerData, decodeAnswer, encodeRequest } from './envelope.js';
import { ChannelRefused, ChannelUnavailable } from './errors.js';

export type ClientSecurity = { mode: 'clear' } | { mode: 'curve'; serverKey: string; keys: CurveKeyPair };

export type ConnectionState = 'connecting' | 'connected' | 'refused';

export interface ChannelClientOptions {
  /** `tcp://host:port` */
  endpoint: string;
  security: ClientSecurity;
  context?: Context;
  /** Longest wait for an answer, in ms. Default 5,000, like the Python peers. */
  timeout?: number;
  /** Longest wait for a connection before an unsent request fails, in ms. Default 2,000: longer than a restart of the CA. */
  connectTimeout?: number;
  /**
   * Longest wait for the ZeroMQ handshake before a new connection is tried, in ms. Default 5,000: even a busy CA answers sooner,
   * and a CA is reached again soon after a broken network recovers.
   */
  handshakeTimeout?: number;
  /** Limit of requests waiting for an answer; more are refused at once. Must stay below the server's answer queue. Default 4,096. */
  maxPending?: number;
  onState?: (state: ConnectionState) => void;
  /** Sent first on every connection; the client does not wait for its answer. */
  greeting?: { task: string; params: object };
}

interface Pending {
  id: number;
  task: string;
  text: string;
  timeout: number;
  timer: NodeJS.Timeout;
  resolve: (data: AnswerData) => void;
  reject: (error: Error) => void;
}

const RECONNECT_MIN_MS = 50;
const RECONNECT_MAX_MS = 1_000;
const UNSENT = { unsent: true };
const NOT_ADMITTED = 'the CA does not admit this key: register again';
/** Pause before connecting again with a refused key. */
const REFUSED_RETRY_MS = 1_000;
/** ZeroMQ may deliver the last answer only when it reconnects, after RECONNECT_MIN_MS. */
const BREAK_GRACE_MS = 250;
const SEND_RETRY_MS = 10;
/** Id of the greeting; no request has it. */
const GREETING_ID = Buffer.alloc(6, 0xff);
const HEARTBEAT_MS = 2_000;
/** A CRL of a million revocations is under 40 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * The RA's end of a channel: many requests in flight, each answered by its id. A request is sent only over a live
 * connection and before its timeout, so that none is delivered long after its caller gave up. When the connection
 * breaks, every request in flight fails with ChannelUnavailable. The client reconnects by itself.
 */
export class ChannelClient {
  readonly #options: ChannelClientOptions;
  readonly #timeout: number;
  readonly #connectTimeout: number;
  readonly #maxPending: number;
  /** Both maps keep the order of the requests. */
  readonly #unsent = new Map<number, Pending>();
  readonly #sent = new Map<number, Pending>();
  #nextId = 0;
  #state: ConnectionState = 'connecting';
  #socket: Dealer;
  #sending = false;
  #greeted = false;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: ChannelClientOptions) {
    this.#options = options;
    this.#timeout = options.timeout ?? 5_000;
    this.#connectTimeout = Math.min(options.connectTimeout ?? 2_000, this.#timeout);
    this.#maxPending = options.maxPending ?? 4_096;
    this.#socket = this.#open();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Sends a task and resolves with the answer's DATA. @throws ChannelRefused, ChannelUnavailable */
  request(task: string, params: object, timeout = this.#timeout): Promise<AnswerData> {
    if (this.#closed) return Promise.reject(new ChannelUnavailable('the channel is closed', UNSENT));
    if (this.#state === 'refused') return Promise.reject(new ChannelUnavailable(NOT_ADMITTED, UNSENT));
    if (this.#unsent.size + this.#sent.size >= this.#maxPending) {
      return Promise.reject(
        new ChannelUnavailable(`${this.#maxPending} requests are already waiting for the CA`, UNSENT),
      );
    }
    const text = encodeRequest(task, params);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const timer = setTimeout(() => this.#expire(id), Math.min(this.#connectTimeout, timeout));
      this.#unsent.set(id, { id, task, text, timeout, timer, resolve, reject });
      void this.#pump();
    });
  }

  /** Fails all open requests and closes. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#fail(this.#unsent, 'the channel is closed');
    this.#fail(this.#sent, 'the channel is closed');
    this.#socket.close();
  }

  #open(): Dealer {
    const { endpoint, security, context, handshakeTimeout = 5_000 } = this.#options;
    const curve =
      security.mode === 'curve'
        ? {
            curveServerKey: security.serverKey,
            curvePublicKey: security.keys.publicKey,
            curveSecretKey: security.keys.secretKey,
          }
        : {};
    const socket = new Dealer({
      ...curve,
      ...(context === undefined ? {} : { context }),
      // Send only over live connections (ZMQ_IMMEDIATE); queue nothing for later.
      immediate: true,
      ipv6: isIpv6Endpoint(endpoint),
      linger: 0,
      sendTimeout: 0,
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
      maxMessageSize: MAX_ANSWER_BYTES,
      reconnectInterval: RECONNECT_MIN_MS,
      reconnectMaxInterval: RECONNECT_MAX_MS,
      ...{ connectTimeout: handshakeTimeout, handshakeInterval: handshakeTimeout },
      ...{ heartbeatInterval: HEARTBEAT_MS, heartbeatTimeout: 3 * HEARTBEAT_MS },
    });
    const current = () => socket === this.#socket && !this.#closed;
    socket.events.on('handshake', () => current() && this.#connected());
    socket.events.on('disconnect', () => current() && this.#disconnected());
    socket.events.on('handshake:error:auth', () => current() && this.#refused());
    socket.connect(endpoint);
    void this.#receive(socket);
    return socket;
  }

  #connected(): void {
    this.#greeted = false;
    this.#setState('connected');
    void this.#pump();
  }

  #disconnected(): void {
    if (this.#state !== 'refused') this.#setState('connecting');
    // Answers that arrived before the break may still be in ZeroMQ's queue.
    const underWay = [...this.#sent.keys()];
    setTimeout(() => {
      for (const id of underWay) this.#reject(this.#sent, id, 'the connection to the CA was lost');
    }, BREAK_GRACE_MS);
  }

  /** libzmq never retries a refused socket, so the next attempt needs a new one. */
  #refused(): void {
    if (this.#state === 'refused') return;
    this.#setState('refused');
    this.#fail(this.#unsent, NOT_ADMITTED);
    this.#fail(this.#sent, NOT_ADMITTED);
    this.#retry = setTimeout(() => {
      this.#socket.close();
      this.#setState('connecting');
      this.#socket = this.#open();
    }, REFUSED_RETRY_MS);
  }

  #setState(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }

  async #pump(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      while (this.#state === 'connected' && !this.#closed) {
        if (!(await this.#greet())) return;
        const [next] = this.#unsent.values();
        if (next === undefined) return;
        this.#unsent.delete(next.id);
        this.#sent.set(next.id, next);
        try {
          await this.#socket.send([requestId(next.id), '', next.text]);
        } catch {
          // There is no pipe yet, or no longer: a disconnect event follows, or the next attempt succeeds.
          if (this.#sent.delete(next.id)) this.#unsent.set(next.id, next);
          setTimeout(() => void this.#pump(), SEND_RETRY_MS);
          return;
        }
        clearTimeout(next.timer);
        if (this.#sent.has(next.id)) next.timer = setTimeout(() => this.#expire(next.id), next.timeout);
      }
    } finally {
      this.#sending = false;
    }
  }

  /** False when it cannot be sent yet; it is retried together with the waiting requests. */
  async #greet(): Promise<boolean> {
    const { greeting } = this.#options;
    if (this.#greeted || greeting === undefined) return true;
    try {
      await this.#socket.send([GREETING_ID, '', encodeRequest(greeting.task, greeting.params)]);
      this.#greeted = true;
      return true;
    } catch {
      setTimeout(() => void this.#pump(), SEND_RETRY_MS);
      return false;
    }
  }

  async #receive(socket: Dealer): Promise<void> {
    for (;;) {
      let frames: Buffer[];
      try {
        frames = await socket.receive();
      } catch (error) {
        if (socket.closed) return;
        throw error;
      }
      this.#answer(frames);
    }
  }

  #answer([id, delimiter, body, octets]: Buffer[]): void {
    if (id?.length !== 6 || delimiter?.length !== 0 || body === undefined) return;
    const key = id.readUIntBE(0, 6);
    const pending = this.#sent.get(key);
    // The request has already timed out.
    if (pending === undefined) return;
    this.#sent.delete(key);
    clearTimeout(pending.timer);
    try {
      pending.resolve(decodeAnswer(body, octets));
    } catch (error) {
      pending.reject(answerError(pending.task, error));
    }
  }

  #expire(id: number): void {
    const unsent = this.#unsent.get(id);
    const pending = unsent ?? this.#sent.get(id);
    if (pending === undefined) return;
    this.#unsent.delete(id);
    this.#sent.delete(id);
    const what = unsent === undefined ? 'no answer from' : 'no connection to';
    pending.reject(
      new ChannelUnavailable(`${what} the CA at ${this.#options.endpoint} (${pending.task})`, {
        unsent: unsent !== undefined,
      }),
    );
  }

  #fail(requests: Map<number, Pending>, why: string): void {
    for (const id of [...requests.keys()]) this.#reject(requests, id, why);
  }

  #reject(requests: Map<number, Pending>, id: number, why: string): void {
    const pending = requests.get(id);
    if (pending === undefined) return;
    requests.delete(id);
    clearTimeout(pending.timer);
    pending.reject(new ChannelUnavailable(why, { unsent: requests === this.#unsent }));
  }
}

function requestId(id: number): Buffer {
  const frame = Buffer.allocUnsafe(6);
  frame.writeUIntBE(id, 0, 6);
  return frame;
}

/** After a temporary error or an unreadable answer, it is unknown whether the task was carried out. */
function answerError(task: string, error: unknown): Error {
  if (error instanceof ChannelRefused) {
    return error.kind === 'retry'
      ? new ChannelUnavailable(`the CA could not do ${task}: ${error.message}`)
      : error;
  }
  if (error instanceof JsonError)
    return new ChannelUnavailable(`unreadable answer to ${task}: ${error.message}`);
  return error as Error;
}
