import type { FastifyInstance, FastifyReply } from 'fastify';

/** `content-type` to `Content-Type`, the usual spelling. */
function asRfcsWrite(name: string): string {
  if (name.toLowerCase() === 'www-authenticate') return 'WWW-Authenticate';
  return name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** libest compares header names case-sensitively, against RFC 9110 §5.1, and fastify sends lower case. */
export function writeHeadersAsRfcsDo(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    renameHeaders(reply.raw);
    done();
  });
}

function renameHeaders(raw: FastifyReply['raw']): void {
  const writeHead = raw.writeHead.bind(raw) as (status: number, headers?: object) => typeof raw;
  // fastify calls it with the status and an object of headers.
  const renaming = (status: number, headers: object = {}) =>
    writeHead(
      status,
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [asRfcsWrite(name), value])),
    );
  raw.writeHead = renaming as typeof raw.writeHead;
}
