import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import {
  DnsError,
  type DnsMessage,
  encodeQuery,
  parseMessage,
  RECORD_TYPE,
  type RecordType,
} from './dns-message.js';

/** A recursive resolver to ask. */
export interface DnsServer {
  host: string;
  port: number;
}

/** No server gave an answer; `detail` says what each did. */
export class DnsUnreachable extends Error {
  override readonly name = 'DnsUnreachable';
}

/** One try at one server. Resolvers on a private network answer in milliseconds or not at all. */
const TRY_TIMEOUT = 2_000;
/** RFC 1035 §4.2.1 advises trying all servers before asking one again. */
const ROUNDS = 2;
const MAX_TCP_MESSAGE = 65_535;

/** Asks recursive resolvers over UDP, and over TCP when the answer does not fit (RFC 1035 §4.2, RFC 7766). */
export class DnsClient {
  constructor(
    private readonly servers: () => DnsServer[],
    private readonly timeout = TRY_TIMEOUT,
  ) {}

  /** The first answer that is not a server failure. @throws DnsUnreachable */
  async query(name: string, type: RecordType, signal: AbortSignal): Promise<DnsMessage> {
    const failures: string[] = [];
    const servers = this.servers();
    if (servers.length === 0) throw new DnsUnreachable('no DNS server is configured');
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const server of servers) {
        if (signal.aborted) throw new DnsUnreachable('the validation ran out of time');
        try {
          const answer = await this.#ask(server, name, type, signal);
          // SERVFAIL, NOTIMP, REFUSED: another server may know.
          if (answer.rcode !== 2 && answer.rcode !== 4 && answer.rcode !== 5) return answer;
          failures.push(`${label(server)}: ${rcodeName(answer.rcode)}`);
        } catch (error) {
          failures.push(`${label(server)}: ${error instanceof Error ? error.message : 'failed'}`);
        }
      }
    }
    throw new DnsUnreachable([...new Set(failures)].join('; '));
  }

  async #ask(server: DnsServer, name: string, type: RecordType, signal: AbortSignal): Promise<DnsMessage> {
    const query = encodeQuery(randomInt(0x10000), name, type);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.timeout)]);
    const answer = await overUdp(server, query, name, type, limit);
    return answer.truncated ? overTcp(server, query, name, type, limit) : answer;
  }
}

/** RFC 5452 §9: an answer is ours when server, id and question match. */
function isAnswer(message: DnsMessage, query: Buffer, name: string, type: RecordType): boolean {
  return (
    message.id === query.readUInt16BE(0) &&
    message.question?.name === name.toLowerCase() &&
    message.question.type === RECORD_TYPE[type]
  );
}

function overUdp(
  server: DnsServer,
  query: Buffer,
  name: string,
  type: RecordType,
  signal: AbortSignal,
): Promise<DnsMessage> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
    const settle = (action: () => void) => {
      signal.removeEventListener('abort', onAbort);
      socket.close();
      action();
    };
    const onAbort = () => settle(() => reject(new DnsError('timed out')));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error) => settle(() => reject(error)));
    socket.on('message', (bytes) => {
      try {
        const message = parseMessage(bytes);
        if (isAnswer(message, query, name, type)) settle(() => resolve(message));
      } catch {
        // Not an answer of ours: whoever sent it does not end the wait for one.
      }
    });
    // A connected socket takes packets from the server's address and port only, and hears that nobody is there.
    socket.connect(server.port, server.host, () => socket.send(query));
  });
}

function overTcp(
  server: DnsServer,
  query: Buffer,
  name: string,
  type: RecordType,
  signal: AbortSignal,
): Promise<DnsMessage> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.host, port: server.port });
    let received = Buffer.alloc(0);
    const settle = (action: () => void) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      action();
    };
    const onAbort = () => settle(() => reject(new DnsError('timed out over TCP')));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error) => settle(() => reject(error)));
    socket.once('close', () => settle(() => reject(new DnsError('closed the TCP connection early'))));
    socket.once('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.length);
      socket.write(Buffer.concat([length, query]));
    });
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length > MAX_TCP_MESSAGE + 2) return;
      const length = received.readUInt16BE(0);
      if (received.length < 2 + length) return;
      try {
        const message = parseMessage(received.subarray(2, 2 + length));
        if (!isAnswer(message, query, name, type)) throw new DnsError('sent an answer to another question');
        settle(() => resolve(message));
      } catch (error) {
        settle(() => reject(error));
      }
    });
  });
}

export function label({ host, port }: DnsServer): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** RFC 6895 §2.3 */
export function rcodeName(rcode: number): string {
  return ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'][rcode] ?? `rcode ${rcode}`;
}
