import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How much of a refused body is read and discarded: several times the largest body we accept. */
const LINGER_BYTES = 1024 * 1024;
/** How long a connection is read after our last answer, ms. */
const LINGER_TIME = 1000;

/** Connections that end with the last answer sent on them. */
const ending = new WeakSet<Socket>();

/**
 * Closing a connection while the peer is still sending resets it, and the peer may then lose the answer.
 * Therefore the rest of a refused body is read, within bounds. After a short body the connection stays open.
 * After any other body the answer has `Connection: close` (RFC 9112 §9.6), and later bytes are not processed.
 */
export function lingerAfterRefusals(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { socket } = request.raw;
    if (ending.has(socket)) socket.destroy();
    else done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    const { raw } = request;
    if (!raw.complete && reply.statusCode < 500 && reply.getHeader('connection') === 'close') {
      discard(raw);
      if (isShort(raw)) reply.removeHeader('connection');
      else endSlowly(raw.socket);
    }
    done(null, payload);
  });
}

/** Whether the announced length ends within what we read. */
function isShort({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length'] ?? Number.POSITIVE_INFINITY) <= LINGER_BYTES;
}

function discard(raw: IncomingMessage): void {
  let left = LINGER_BYTES;
  raw.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) raw.socket.destroy();
  });
}

/** Node would destroy the socket as soon as the answer is written (`destroySoon`). */
function endSlowly(socket: Socket): void {
  ending.add(socket);
  socket.destroySoon = () => {
    socket.end();
    destroyLater(socket);
  };
}

/** True when the peer has already received the last answer on this connection. */
export function isEnding(socket: Socket): boolean {
  return ending.has(socket);
}

/** Sends a last text, then reads for a moment before the connection ends. A connection that has ended is only read. */
export function endAfter(socket: Socket, text: string): void {
  ending.add(socket);
  socket.resume();
  // Node reports an error for each further part of a refused request. A second `end` would destroy the connection, and the peer
  // might lose its answer.
  if (socket.writableEnded) return;
  socket.end(text);
  destroyLater(socket);
}

function destroyLater(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_TIME);
  socket.once('close', () => clearTimeout(timer));
}
