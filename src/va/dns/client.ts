import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { Deadline } from '../deadline.js';
import {
  DnsError,
  type DnsMessage,
  encodeQuery,
  isAnswer,
  parseMessage,
  type RecordType,
} from './message.js';
import { type DnsServer, label } from './server.js';
import { UdpQueries } from './udp.js';

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
  readonly #udp = new UdpQueries();

  constructor(
    private readonly servers: () => DnsServer[],
    private readonly timeout = TRY_TIMEOUT,
  ) {}

  /** The first answer that is not a server failure. @throws DnsUnreachable */
  async query(name: string, type: RecordType, deadline: Deadline): Promise<DnsMessage> {
    const failures: string[] = [];
    const servers = this.servers();
    if (servers.length === 0) throw new DnsUnreachable('no DNS server is configured');
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const server of servers) {
        if (deadline.isOver) throw new DnsUnreachable('the validation ran out of time');
        try {
          const answer = await this.#ask(server, name, type, deadline);
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

  async #ask(server: DnsServer, name: string, type: RecordType, deadline: Deadline): Promise<DnsMessage> {
    const answer = await this.#udp.ask(server, name, type, { deadline, timeout: this.timeout });
    if (!answer.truncated) return answer;
    const limit = new Deadline(this.timeout, deadline);
    try {
      return await overTcp(server, name, type, limit);
    } finally {
      limit.release();
    }
  }
}

/** RFC 7766: one query over a connection of its own. */
function overTcp(server: DnsServer, name: string, type: RecordType, deadline: Deadline): Promise<DnsMessage> {
  const id = randomInt(0x10000);
  const query = encodeQuery(id, name, type);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.host, port: server.port });
    let received = Buffer.alloc(0);
    const settle = (action: () => void) => {
      deadline.forget(onAbort);
      socket.destroy();
      action();
    };
    const onAbort = () => settle(() => reject(new DnsError('timed out over TCP')));
    if (deadline.isOver) return onAbort();
    deadline.whenOver(onAbort);
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
        if (message.id !== id || !isAnswer(message, name, type))
          throw new DnsError('sent an answer to another question');
        settle(() => resolve(message));
      } catch (error) {
        settle(() => reject(error));
      }
    });
  });
}

/** RFC 6895 §2.3 */
export function rcodeName(rcode: number): string {
  return ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'][rcode] ?? `rcode ${rcode}`;
}
