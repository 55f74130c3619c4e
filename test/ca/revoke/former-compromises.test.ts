import { expect, it } from 'vitest';
import { learnFormerCompromises } from '../../../src/ca/revoke/former-compromises.js';
import { PROGRAM } from '../../../src/store/contract/audit.js';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { spkiFingerprint } from '../../../src/x509/spki.js';
import { requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';

it('keys revoked as compromised under an older version are recorded at the next start, a step at a time', async () => {
  const world = await new CaWorld().start();
  const ra = await world.registered();
  const sign = () => ra.call('sign', { csr: requestPem(['old.example.test']) });
  const [compromised, superseded, held] = [await sign(), await sign(), await sign()];
  const reasons = [
    [compromised.serial, 1],
    [superseded.serial, 4],
    [held.serial, 6],
  ] as const;
  await world.onMachine(async ({ store }) => {
    // As an older program did: the reason alone.
    for (const [serial, reason] of reasons) await store.revoke(serial, 1_000, reason, PROGRAM, null);
    await store.putSetting('keys of former compromises', '');
    expect((await store.listCompromisedKeys({ after: 0, limit: 9 })).items).toEqual([]);
    const before = (await store.findBySerial(compromised.serial)) ?? { revokedAt: null };
    expect(before.revokedAt).toBe(1_000);

    await learnFormerCompromises(store, Date.now, () => false);
    expect((await store.listCompromisedKeys({ after: 0, limit: 9 })).items).toEqual([]);
  });
  expect((await ra.call('list_compromised_keys', {})).keys).toEqual([]);
  await world.stop();
  await world.start();
  await world.onMachine(async ({ store }) => {
    await learnFormerCompromises(store, Date.now, () => true);
    const record = await store.findBySerial(compromised.serial);
    if (record === null) throw new Error('it is there');
    const { spki } = parseCertificate(record.der);
    const { items, next } = await store.listCompromisedKeys({ after: 0, limit: 9 });
    expect(items).toEqual([spkiFingerprint(spki)]);
    expect((await store.listCompromisedKeys({ after: next, limit: 9 })).items).toEqual([]);
    // Time and reason stay what they were.
    expect([record.revokedAt, record.reason]).toEqual([1_000, 1]);
    expect(await store.getSetting('keys of former compromises')).toBe('done');
  });
  await world.close();
});
