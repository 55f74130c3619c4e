import { afterEach } from 'vitest';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { newKey, requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';

const worlds: CaWorld[] = [];

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

export async function start(changes: ConstructorParameters<typeof CaWorld>[0] = {}): Promise<CaWorld> {
  const world = new CaWorld(changes);
  worlds.push(world);
  return world.start();
}

export const leaf = (pem: string) => parseCertificate(firstFromPem('CERTIFICATE', pem));

export const order = (orderId: string, names: string[], key = newKey()) => ({
  order_id: orderId,
  account_id: 'account',
  profile: 'server',
  identifiers: names.map((value) => ({ type: 'dns' as const, value })),
  csr: requestPem(names, { key }),
});
