import type { FastifyInstance } from 'fastify';
import { Problem } from '../model/problem.js';
import { ConsoleFiles, consoleHeaders } from './console.js';

/**
 * The console at `/console/`. Its files contain no data: everything it shows comes from `/api/v1/private`, which checks access.
 * The files are read at the first request.
 */
export async function consoleRoutes(app: FastifyInstance, { folder }: { folder?: string }): Promise<void> {
  let files: ConsoleFiles | null = null;
  app.get('/console', (_request, reply) => reply.redirect('console/', 308));
  app.get<{ Params: { '*': string } }>('/console/*', async (request, reply) => {
    files ??= new ConsoleFiles(folder);
    const file = files.find(request.params['*']);
    if (file === null) throw new Problem('malformed', 'there is nothing at this URL', { status: 404 });
    reply.headers(consoleHeaders(files, file));
    if (request.headers['if-none-match'] === `"${file.etag}"`) reply.code(304);
    return file.content;
  });
}
