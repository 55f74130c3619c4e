import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** What is read and thrown away of a body that was refused: as much again as the largest we take, several times over. */
const LINGER_BYTES = 1024 * 1024;
/** How long a connection that is no HTTP is read on from. */
const LINGER_TIME = 1000;

/**
 * A peer that is still sending when its connection is closed is told so by a reset, which may overtake the answer. So what is
 * left of a refused body is read to its end, within bounds; the connection can then go on.
 */
export function lingerAfterRefusals(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const { raw } = request;
    if (!raw.complete && reply.statusCode < 500 && reply.getHeader('connection') === 'close') {
      reply.removeHeader('connection');
      let left = LINGER_BYTES;
      raw.on('data', (chunk: Buffer) => {
        left -= chunk.length;
        if (left < 0) raw.socket.destroy();
      });
    }
    done(null, payload);
  });
}

/** Sends a last text, and reads on for a moment before the end. */
export function endAfter(socket: Socket, text: string): void {
  socket.end(text);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_TIME);
  socket.once('close', () => clearTimeout(timer));
}
