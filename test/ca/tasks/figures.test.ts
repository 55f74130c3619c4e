import { expect, it } from 'vitest';
import { DAY } from '../../../src/lib/time.js';
import { openCaStore } from '../../../src/store/open.js';
import { aRecord } from '../../../tools/kit/facts.js';
import { requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';

it('the CA returns its figures: certificates, those not renewed, its CA certificates, its CRL, its audit log', async () => {
  const world = new CaWorld();
  try {
    await world.start();
    const ra = await world.registered();
    const issue = (name: string) =>
      ra.call('acme_issue_certificate', { order_id: name, profile: 'server', csr: requestPem([name]) });
    await issue('a.example.test');
    const { serial } = await issue('b.example.test');
    await ra.call('revoke_serial', { serial: BigInt(`0x${serial}`), reason: 'superseded' });

    const figures = await ra.call('get_figures', {});
    expect(figures.certificates).toEqual(
      expect.arrayContaining([
        { profile: 'server', state: 'good', count: 1 },
        { profile: 'server', state: 'revoked', count: 1 },
      ]),
    );
    expect(figures.authorities.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['root', 'issuer']));
    for (const { not_after } of figures.authorities)
      expect(not_after).toBeGreaterThan(Date.now() + 365 * DAY);
    expect(figures.crls[0]?.next_update).toBeGreaterThan(Date.now());
    expect(figures.audit.records).toBeGreaterThanOrEqual(3);
    expect(figures.audit.fault).toBeUndefined();
    expect(figures.disk_free).toBeGreaterThan(0);
    expect(await ra.call('list_not_renewed', { limit: 10 })).toEqual({ certificates: [], next: null });
  } finally {
    await world.close();
  }
});

it('certificates whose renewal window ended before the CA started are listed, with their names and accounts', async () => {
  const world = new CaWorld();
  try {
    await world.start();
    await world.stop();
    const store = await openCaStore(`${world.dataDir}/ca.db`);
    const late = aRecord({ accountId: 'a1', notBefore: Date.now() - 9 * DAY, notAfter: Date.now() + DAY });
    await store.recordCertificate(late);
    await store.close();
    await world.start();
    const ra = await world.registered();
    await expect
      .poll(async () => (await ra.call('list_not_renewed', {})).certificates)
      .toMatchObject([
        { serial: late.serial, account_id: 'a1', names: late.identifiers.map(({ value }) => value) },
      ]);
    expect((await ra.call('get_figures', {})).not_renewed).toEqual([{ profile: 'server', count: 1 }]);
  } finally {
    await world.close();
  }
});
