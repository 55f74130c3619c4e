import { Context } from 'zeromq';
import { ChannelClient, type ChannelClientOptions } from '../../src/channel/client.js';
import { type CurveKeyPair, newCurveKeyPair } from '../../src/channel/curve-keys.js';
import type { Answerer } from '../../src/channel/dispatch.js';
import { tcpEndpoint } from '../../src/channel/endpoint.js';
import { ChannelServer } from '../../src/channel/server.js';
import { ZapHandler } from '../../src/channel/zap.js';

/** A listening channel on loopback with the keys it admits, and clients that connect to it; `close` ends all. */
export class TestChannel {
  readonly admitted = new Set<string>();
  readonly serverKeys = newCurveKeyPair();
  readonly #context = new Context({ blocky: false });
  readonly #clients: ChannelClient[] = [];
  #zap: ZapHandler | null = null;
  #server: ChannelServer | null = null;

  constructor(
    readonly mode: 'clear' | 'curve',
    readonly answer: Answerer,
    readonly concurrency = 64,
    readonly host = '127.0.0.1',
  ) {}

  /** Starts on a free port, or again on the port it had. */
  async listen(): Promise<this> {
    if (this.mode === 'curve' && this.#zap === null) {
      this.#zap = ZapHandler.start(this.#context);
      this.#zap.admit('test', (key) => this.admitted.has(key));
    }
    this.#server = await ChannelServer.listen({
      host: this.host,
      port: this.#port,
      answer: this.answer,
      context: this.#context,
      grace: 100,
      concurrency: this.concurrency,
      security:
        this.mode === 'curve'
          ? { mode: 'curve', secretKey: this.serverKeys.secretKey, zapDomain: 'test' }
          : { mode: 'clear' },
    });
    this.#port = this.#server.port;
    return this;
  }

  #port = 0;

  get server(): ChannelServer {
    if (this.#server === null) throw new Error('not listening');
    return this.#server;
  }

  get endpoint(): string {
    return tcpEndpoint(this.host, this.#port);
  }

  /** A client whose key is admitted unless `keys` brings another. */
  client(options: Partial<ChannelClientOptions> & { keys?: CurveKeyPair } = {}): ChannelClient {
    const { keys = newCurveKeyPair(), ...rest } = options;
    if (options.keys === undefined) this.admitted.add(keys.publicKey);
    const client = new ChannelClient({
      endpoint: this.endpoint,
      security:
        this.mode === 'curve'
          ? { mode: 'curve', serverKey: this.serverKeys.publicKey, keys }
          : { mode: 'clear' },
      ...rest,
    });
    this.#clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = null;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.stop();
    this.#zap?.close();
  }
}
