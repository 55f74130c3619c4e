import { request } from 'node:http';
import { createServer } from 'node:https';

/**
 * The TLS proxy in front of a Python RA, as operators run it: it terminates TLS and reports the client in headers. The client
 * certificate it claims to have seen makes orders ready without a challenge, because that RA always dials port 80.
 */
export async function serveFront(
  port: number,
  behind: string,
  tls: { key: string; cert: string },
): Promise<() => Promise<void>> {
  const server = createServer(tls, (incoming, outgoing) => {
    const headers = {
      ...incoming.headers,
      'x-forwarded-proto': 'https',
      'x-ssl-client-verify': 'SUCCESS',
    };
    const asked = request(`${behind}${incoming.url}`, { method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    asked.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(asked);
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
