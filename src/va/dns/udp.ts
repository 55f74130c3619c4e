import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Deadline } from '../deadline.js';
import { DnsError, type DnsMessage, encodeQuery, isAnswer, parseMessage, type Question } from './message.js';
import type { DnsServer } from './server.js';

/** How long a source port accepts new queries, in ms, and their limit: enough for the queries of a few validations. */
const PORT_AGE = 100;
const PORT_QUERIES = 100;

/** An unsolicited answer arrived: its sender knows the port, so the port is abandoned (RFC 5452 §9.2). */
export class PortGivenUp extends DnsError {}

/**
 * Queries over UDP (RFC 1035 §4.2.1). Neither the id of a query nor its source port can be guessed (RFC 5452
 * §9.2). The system chooses a source port for the queries of a tenth of a second, and the port is closed
 * after the last of them: a port for each query would cost five times the query. A port has each question
 * outstanding at most once, so a forged answer must match one id. It is abandoned at the first wrong id, so
 * there is no second guess.
 */
export class UdpQueries {
  readonly #ports = new Map<string, Port>();

  /** @param onHeard called for every packet from a server */
  constructor(private readonly onHeard: () => void = () => {}) {}

  /** The server's answer. @throws PortGivenUp, DnsError, or the socket's error when the server is not reachable */
  async ask(
    server: DnsServer,
    question: Question,
    limit: { deadline: Deadline; timeout: number },
  ): Promise<DnsMessage> {
    const key = `${server.host} ${server.port}`;
    let port = this.#ports.get(key);
    if (!port?.takes(question)) {
      port?.retire();
      const opened = new Port(server, this.onHeard, () => {
        if (this.#ports.get(key) === opened) this.#ports.delete(key);
      });
      this.#ports.set(key, opened);
      port = opened;
    }
    return port.ask(question, limit);
  }
}

interface Waiting {
  question: Question;
  resolve(answer: DnsMessage): void;
  reject(error: Error): void;
}

/** One socket, until it is retired and its last query has ended. */
class Port {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  /** Ids of all queries from this port. An answer to an abandoned query is late, not forged. */
  readonly #ids = new Set<number>();
  readonly #outstanding = new Set<string>();
  readonly #age: NodeJS.Timeout;
  /** Queries to send once the socket is connected; null from then on. */
  #unsent: Buffer[] | null = [];
  #retired = false;
  #closed = false;

  constructor(
    server: DnsServer,
    private readonly onHeard: () => void,
    private readonly onClose: () => void,
  ) {
    this.#age = setTimeout(() => this.retire(), PORT_AGE);
    this.#socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
    this.#socket.on('message', (bytes) => this.#receive(bytes));
    this.#socket.on('error', (error) => this.#fail(error));
    // A connected socket accepts packets only from the server's address and port, and reports that the port is closed. Without a
    // route to the server, the error goes to the callback and not to the listener.
    this.#socket.connect(server.port, server.host, (error?: Error | null) => {
      if (error) return this.#fail(error);
      const unsent = this.#unsent ?? [];
      this.#unsent = null;
      for (const query of unsent) this.#send(query);
    });
  }

  /** Whether the port accepts the question; false also while the same question is outstanding. */
  takes(question: Question): boolean {
    return !this.#retired && this.#ids.size < PORT_QUERIES && !this.#outstanding.has(keyOf(question));
  }

  /** Accepts no more queries; closes when none is outstanding. */
  retire(): void {
    this.#retired = true;
    if (this.#waiting.size === 0) this.#close();
  }

  ask(
    question: Question,
    { deadline, timeout }: { deadline: Deadline; timeout: number },
  ): Promise<DnsMessage> {
    const id = this.#unusedId();
    const query = encodeQuery(id, question.name, question.type, question.udpPayload);
    const key = keyOf(question);
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        deadline.forget(giveUp);
        this.#waiting.delete(id);
        this.#outstanding.delete(key);
        if (this.#waiting.size === 0 && this.#retired) this.#close();
      };
      const giveUp = () => {
        settle();
        reject(new DnsError('timed out'));
      };
      const timer = setTimeout(giveUp, timeout);
      if (deadline.isOver) return giveUp();
      deadline.whenOver(giveUp);
      this.#ids.add(id);
      this.#outstanding.add(key);
      this.#waiting.set(id, {
        question,
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
    // The error of an earlier query may be reported for this one.
    this.#socket.send(query, (error) => error && this.#fail(error));
  }

  #receive(bytes: Buffer): void {
    this.onHeard();
    const id = bytes.length < 2 ? null : bytes.readUInt16BE(0);
    const waiting = id === null ? undefined : this.#waiting.get(id);
    if (waiting) this.#answer(waiting, bytes);
    else if (id === null || !this.#ids.has(id))
      this.#fail(new PortGivenUp('received a packet with a wrong id'));
  }

  #answer({ question, resolve, reject }: Waiting, bytes: Buffer): void {
    try {
      const message = parseMessage(bytes);
      if (isAnswer(message, question)) resolve(message);
      else this.#fail(new PortGivenUp('sent an answer to another question'));
    } catch (error) {
      reject(error instanceof Error ? error : new DnsError('sent no DNS message'));
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
      if (!this.#ids.has(id)) return id;
    }
  }
}

/** A key that ignores capitals: equal for questions with the same answer. */
function keyOf({ name, type }: Question): string {
  return `${type} ${name.toLowerCase()}`;
}
