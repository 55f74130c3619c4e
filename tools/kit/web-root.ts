import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';

/** The web server of an operator whose client writes http-01 answers to a folder (RFC 8555 §8.3). */
export async function serveWebRoot(folder: string, port: number): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    const token = request.url?.startsWith('/.well-known/acme-challenge/') ? basename(request.url) : '';
    readFile(join(folder, token)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}
