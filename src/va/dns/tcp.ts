import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import type { Deadline } from '../deadline.js';
import { DnsError, type DnsMessage, encodeQuery, isAnswer, parseMessage, type Question } from './message.js';
import type { DnsServer } from './server.js';

const MAX_MESSAGE = 65_535;

/** Sends one query over a connection of its own (RFC 7766). @throws DnsError, or the socket's error when the server is not reachable */
export function askOverTcp(server: DnsServer, question: Question, deadline: Deadline): Promise<DnsMessage> {
  const id = randomInt(0x10000);
  const query = encodeQuery(id, question.name, question.type, question.udpPayload);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    let wanted: number | null = null;
    const settle = (action: () => void) => {
      deadline.forget(onAbort);
      socket.destroy();
      action();
    };
    const onAbort = () => settle(() => reject(new DnsError('timed out over TCP')));
    const socket = connect({ host: server.host, port: server.port });
    socket.once('error', (error) => settle(() => reject(error)));
    socket.once('close', () => settle(() => reject(new DnsError('closed the TCP connection early'))));
    socket.once('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.length);
      socket.write(Buffer.concat([length, query]));
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (wanted === null && received >= 2) wanted = 2 + Buffer.concat(chunks, 2).readUInt16BE(0);
      if (wanted === null || received < wanted) return;
      try {
        const message = parseMessage(Buffer.concat(chunks).subarray(2, Math.min(wanted, MAX_MESSAGE + 2)));
        if (message.id !== id || !isAnswer(message, question))
          throw new DnsError('sent an answer to another question');
        settle(() => resolve(message));
      } catch (error) {
        settle(() => reject(error));
      }
    });
    if (deadline.isOver) return onAbort();
    deadline.whenOver(onAbort);
  });
}
