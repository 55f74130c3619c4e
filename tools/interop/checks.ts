import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { run } from '../kit/command.js';
import { until } from '../kit/until.js';
import type { Obtained } from './client.js';
import { visit } from './visit.js';
import type { World } from './world.js';

/** Milliseconds that a client's own listener may take to use its new certificate. */
const LISTENER_LIMIT = 20_000;
/** A CRL must list a certificate as soon as its revocation was answered; a client may return slightly earlier. */
const CRL_LIMIT = 5_000;

/** Upper-case hex. */
export const serialOf = (chain: string): string => new X509Certificate(chain).serialNumber;

/**
 * Uses the certificate like a visitor: a TLS handshake that trusts only the authority's root and requests the
 * name, and a separate verification by OpenSSL.
 * @throws Error if either refuses, or another certificate is served
 */
export async function checkUse(world: World, obtained: Obtained): Promise<void> {
  const { chain, name, key } = obtained;
  const root = join(world.folder, 'issuance-root.pem');
  const leaf = join(world.folder, 'leaf.pem');
  await writeFile(root, world.authority.root);
  await writeFile(leaf, chain);
  const trust = ['-CAfile', root, '-untrusted', leaf, '-no-CApath', '-no-CAstore'];
  await run('openssl', ['verify', '-x509_strict', '-verify_hostname', name, ...trust, leaf]);
  const { port } = obtained;
  if (port) return until(LISTENER_LIMIT, () => checkServed(world, obtained, port));

  const server = createServer({ cert: chain, key }, (socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  try {
    if (typeof address === 'object' && address) await checkServed(world, obtained, address.port);
  } finally {
    server.close();
  }
}

async function checkServed(world: World, { name, chain }: Obtained, port: number): Promise<void> {
  const { serialNumber } = await visit(world, name, port);
  if (serialNumber !== serialOf(chain))
    throw new Error(`port ${port} serves certificate ${serialNumber}, not ${serialOf(chain)}`);
}

/** @throws Error if the certificate is not listed as revoked in time */
export async function checkRevoked(world: World, chain: string): Promise<void> {
  await until(CRL_LIMIT, async () => {
    if (!(await world.authority.isRevoked(serialOf(chain), chain)))
      throw new Error(`${serialOf(chain)} is not on the CRL`);
  });
}

/** @throws Error if it is already listed */
export async function checkNotRevoked(world: World, chain: string): Promise<void> {
  if (await world.authority.isRevoked(serialOf(chain), chain))
    throw new Error(`${serialOf(chain)} is on the CRL before anybody revoked it`);
}
