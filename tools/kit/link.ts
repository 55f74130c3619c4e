import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePorts } from './upki.js';

/**
 * How a network fails. `refused`: connections are reset and new ones refused, as by a firewall that rejects or a machine that
 * is down. `silent`: packets are lost without notice, as with a firewall that drops or a cut cable.
 */
export type Cut = 'refused' | 'silent';

interface Connection {
  near: Socket;
  /** Null if it was opened during silence: it never reached the target. */
  far: Socket | null;
  /** Its data is lost even after the network is repaired: the firewall has forgotten the connection. */
  forgotten: boolean;
}

/** One network path on loopback: a connection to `port` reaches the target until the path is cut. */
export class Link {
  readonly #connections = new Set<Connection>();
  #cut: Cut | null = null;
  #listener: Server | null = null;

  private constructor(
    readonly port: number,
    private readonly target: number,
  ) {}

  /** @param port the port to listen on; a free one when absent */
  static async open(target: number, port?: number): Promise<Link> {
    const [free = 0] = port === undefined ? await freePorts(1) : [port];
    const link = new Link(free, target);
    await link.#listen();
    return link;
  }

  async cut(how: Cut): Promise<void> {
    this.#cut = how;
    if (how === 'refused') {
      for (const { near, far } of this.#connections) for (const end of [near, far]) end?.resetAndDestroy();
      await this.#close();
      return;
    }
    for (const connection of this.#connections) this.#forget(connection);
  }

  async heal(): Promise<void> {
    this.#cut = null;
    if (this.#listener === null) await this.#listen();
    for (const connection of this.#connections) if (connection.near.destroyed) this.#resetFar(connection);
  }

  async close(): Promise<void> {
    for (const { near, far } of this.#connections) for (const end of [near, far]) end?.destroy();
    await this.#close();
  }

  async #listen(): Promise<void> {
    const listener = createServer((socket) => this.#accept(socket));
    this.#listener = listener;
    listener.listen(this.port, '127.0.0.1');
    await once(listener, 'listening');
  }

  async #close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = null;
    if (!listener) return;
    listener.close();
    await once(listener, 'close');
  }

  #accept(near: Socket): void {
    near.setNoDelay(true);
    if (this.#cut === 'silent') {
      this.#keep({ near, far: null, forgotten: true });
      near.resume();
      return;
    }
    const far = connect({ port: this.target, host: '127.0.0.1', noDelay: true });
    this.#keep({ near, far, forgotten: false });
    near.pipe(far).pipe(near);
  }

  #keep(connection: Connection): void {
    const { near, far } = connection;
    this.#connections.add(connection);
    for (const end of [near, far]) end?.on('error', () => end.destroy());
    near.on('close', () => {
      if (!connection.forgotten) far?.resetAndDestroy();
      else if (this.#cut === null) this.#resetFar(connection);
      this.#dropWhenOver(connection);
    });
    far?.on('close', () => {
      if (!connection.forgotten) near.resetAndDestroy();
      this.#dropWhenOver(connection);
    });
  }

  #forget(connection: Connection): void {
    const { near, far } = connection;
    connection.forgotten = true;
    if (far === null) return;
    near.unpipe(far).resume();
    far.unpipe(near).resume();
  }

  /** TCP keepalive probes of the target reach a machine that no longer knows the connection. */
  #resetFar({ far }: Connection): void {
    far?.resetAndDestroy();
  }

  #dropWhenOver(connection: Connection): void {
    const { near, far } = connection;
    if (near.destroyed && (far === null || far.destroyed)) this.#connections.delete(connection);
  }
}
