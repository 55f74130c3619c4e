import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { addressOf } from './peer.js';

/** One line a request: refused ones at info, the rest at debug. Costs nothing when the level is off. */
export function logRequests(app: FastifyInstance, log: Logger): void {
  app.addHook('onResponse', (request, reply, done) => {
    const level = reply.statusCode >= 400 ? 'info' : 'debug';
    if (log.isLevelEnabled(level)) {
      const ms = Math.round(reply.elapsedTime * 10) / 10;
      const { id, method, url } = request;
      log[level]({ id, method, url, status: reply.statusCode, ms, ip: addressOf(request) }, 'request');
    }
    done();
  });
}
