import type { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { World } from './world.js';

const HANDSHAKE_LIMIT = 5_000;

/**
 * The certificate served for this name on a port of this machine, to a visitor who trusts only the authority's root.
 * @throws Error if the TLS handshake fails or the certificate is not trusted
 */
export function visit(world: World, name: string, port: number): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: name, ca: world.authority.root }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate) resolve(certificate);
      else reject(new Error(`port ${port} shows no certificate`));
    });
    socket.setTimeout(HANDSHAKE_LIMIT, () => socket.destroy(new Error('TLS handshake: no answer')));
    socket.on('error', reject);
  });
}
