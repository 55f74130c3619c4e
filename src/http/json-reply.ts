import type { FastifyReply } from 'fastify';

/** Sends JSON under exactly this media type: it has no `charset` parameter (RFC 8259 §11), which fastify would add to text. */
export function sendJson(reply: FastifyReply, value: object, type = 'application/json'): FastifyReply {
  return reply.type(type).serializer(JSON.stringify).send(value);
}
