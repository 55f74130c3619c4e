import { createSecureContext, createServer } from 'node:tls';

/**
 * The TLS server of an operator whose client writes tls-alpn-01 certificates (RFC 8737) to files; `load` gets the
 * requested name and returns certificate and key in PEM.
 */
export async function serveAlpn(
  port: number,
  load: (name: string) => Promise<{ cert: string; key: string }>,
): Promise<() => Promise<void>> {
  const server = createServer({
    ALPNProtocols: ['acme-tls/1'],
    SNICallback: (name, done) => {
      load(name).then(
        (files) => done(null, createSecureContext(files)),
        (error: Error) => done(error),
      );
    },
  });
  server.on('secureConnection', (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return () => new Promise((resolve) => server.close(() => resolve()));
}
