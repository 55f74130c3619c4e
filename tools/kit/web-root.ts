import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { httpServer } from './challenge-servers.js';

/** The web server of an operator whose client writes http-01 answers to a folder (RFC 8555 §8.3). */
export async function serveWebRoot(folder: string, port: number): Promise<() => Promise<void>> {
  const { close } = await httpServer(
    (request, response) => {
      const token = request.url?.startsWith('/.well-known/acme-challenge/') ? basename(request.url) : '';
      readFile(join(folder, token)).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    },
    '127.0.0.1',
    port,
  );
  return close;
}
