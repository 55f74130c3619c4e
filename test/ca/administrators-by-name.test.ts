import { expect, it } from 'vitest';
import { PROGRAM } from '../../src/store/contract/audit.js';
import { parseCertificate } from '../../src/x509/certificate.js';
import { fromPem } from '../../src/x509/pem.js';
import { newKey } from '../support/requests.js';
import { CaWorld } from '../support/world/ca.js';

const DN = 'CN=alice,OU=Admins';

it('after an upgrade, an entry that covered its whole name covers the existing certificates and no later one', async () => {
  const world = await new CaWorld().start();
  const ra = await world.registered();
  const serialOf = (pem: string) =>
    parseCertificate(fromPem('CERTIFICATE', pem)[0] ?? Buffer.alloc(0)).serial;
  const roleOf = async (serial: string) => (await ra.call('get_admin_role', { serial: `0x${serial}` })).role;
  const [old, replaced] = [
    serialOf(await world.administrator('alice', newKey())),
    serialOf(await world.administrator('alice', newKey())),
  ];
  await world.onMachine(async ({ store }) => {
    // As an older version kept it: the name, and nothing of certificates.
    await store.removeAdmin(DN, PROGRAM);
    await store.addAdmin({ dn: '/OU=Admins/CN=alice', role: 'operator', addedAt: 1, byName: true }, PROGRAM);
    await store.revoke(replaced, Date.now(), 5, PROGRAM);
  });
  expect(await roleOf(old)).toBe('operator');

  await world.stop();
  await world.start();
  const again = await world.registered('ra2.example.test');
  const role = async (serial: string) => (await again.call('get_admin_role', { serial: `0x${serial}` })).role;
  expect([await role(old), await role(replaced)]).toEqual(['operator', 'none']);
  // A certificate of the name that was not made for the entry.
  const later = await world.onMachine(async (certifier) => {
    const stray = await certifier.store.findBySerial(old);
    if (stray === null) throw new Error('it is there');
    const serial = `${'7f'.repeat(16)}`;
    await certifier.store.recordCertificate({ ...stray, serial, orderId: null }, PROGRAM);
    expect(await certifier.store.listAdmins()).toEqual([
      { dn: '/OU=Admins/CN=alice', role: 'operator', addedAt: 1, byName: false },
    ]);
    return serial;
  });
  expect(await role(later)).toBe('none');
  await world.close();
});
