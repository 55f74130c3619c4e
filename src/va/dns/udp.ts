import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Deadline } from '../deadline.js';
import {
  DnsError,
  type DnsMessage,
  encodeQuery,
  isAnswer,
  parseMessage,
  type RecordType,
} from './message.js';
import type { DnsServer } from './server.js';

/** How long a source port takes new queries, in ms, and how many: a validation's handful, and those of its neighbours. */
const PORT_AGE = 100;
const PORT_QUERIES = 100;

/**
 * Queries over UDP (RFC 1035 §4.2.1). RFC 5452 §9.2: neither the id of a query nor the port it leaves from can be guessed.
 * A port is chosen by the system for the queries of a tenth of a second and is gone with the last of them; opening one for
 * each query costs five times the query.
 */
export class UdpQueries {
  readonly #ports = new Map<string, Port>();

  /** The server's answer. @throws DnsError, or the socket's error when nobody is there */
  async ask(
    server: DnsServer,
    name: string,
    type: RecordType,
    limit: { deadline: Deadline; timeout: number },
  ): Promise<DnsMessage> {
    const key = `${server.host} ${server.port}`;
    let port = this.#ports.get(key);
    if (!port?.takesMore()) {
      port?.retire();
      const opened = new Port(server, () => {
        if (this.#ports.get(key) === opened) this.#ports.delete(key);
      });
      this.#ports.set(key, opened);
      port = opened;
    }
    return port.ask(name, type, limit);
  }
}

interface Waiting {
  name: string;
  type: RecordType;
  resolve(answer: DnsMessage): void;
  reject(error: Error): void;
}

/** One socket, until it is retired and its last query has ended. */
class Port {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #age: NodeJS.Timeout;
  /** Queries to send once the socket is connected; null from then on. */
  #unsent: Buffer[] | null = [];
  #asked = 0;
  #retired = false;
  #closed = false;

  constructor(
    server: DnsServer,
    private readonly onClose: () => void,
  ) {
    this.#age = setTimeout(() => this.retire(), PORT_AGE);
    this.#socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
    this.#socket.on('message', (bytes) => this.#receive(bytes));
    this.#socket.on('error', (error) => this.#fail(error));
    // A connected socket takes packets from the server's address and port only, and hears that nobody is there.
    this.#socket.connect(server.port, server.host, () => {
      const unsent = this.#unsent ?? [];
      this.#unsent = null;
      for (const query of unsent) this.#send(query);
    });
  }

  takesMore(): boolean {
    return !this.#retired && this.#asked < PORT_QUERIES;
  }

  /** Takes no more; closes when nothing is waited for. */
  retire(): void {
    this.#retired = true;
    if (this.#waiting.size === 0) this.#close();
  }

  ask(
    name: string,
    type: RecordType,
    { deadline, timeout }: { deadline: Deadline; timeout: number },
  ): Promise<DnsMessage> {
    const id = this.#unusedId();
    const query = encodeQuery(id, name, type);
    this.#asked += 1;
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        deadline.forget(giveUp);
        this.#waiting.delete(id);
        if (this.#waiting.size === 0 && this.#retired) this.#close();
      };
      const giveUp = () => {
        settle();
        reject(new DnsError('timed out'));
      };
      const timer = setTimeout(giveUp, timeout);
      if (deadline.isOver) return giveUp();
      deadline.whenOver(giveUp);
      this.#waiting.set(id, {
        name,
        type,
        resolve: (answer) => {
          settle();
          resolve(answer);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      if (this.#unsent) this.#unsent.push(query);
      else this.#send(query);
    });
  }

  #send(query: Buffer): void {
    if (this.#closed) return;
    // That nobody received an earlier query may be told to the sender of the next.
    this.#socket.send(query, (error) => error && this.#fail(error));
  }

  #receive(bytes: Buffer): void {
    try {
      const message = parseMessage(bytes);
      const waiting = this.#waiting.get(message.id);
      if (waiting && isAnswer(message, waiting.name, waiting.type)) waiting.resolve(message);
    } catch {
      // Not an answer of ours: whoever sent it does not end the wait for one.
    }
  }

  #fail(error: Error): void {
    this.#retired = true;
    for (const { reject } of [...this.#waiting.values()]) reject(error);
    this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#retired = true;
    clearTimeout(this.#age);
    this.#socket.close();
    this.onClose();
  }

  #unusedId(): number {
    for (;;) {
      const id = randomInt(0x10000);
      if (!this.#waiting.has(id)) return id;
    }
  }
}
