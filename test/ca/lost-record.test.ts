import { expect, it } from 'vitest';
import { ChannelRefused } from '../../src/channel/errors.js';
import { requestPem } from '../support/requests.js';
import { CaWorld } from '../support/world/ca.js';

it('a certificate signed with our key can be revoked by presenting it, even if its record was lost', async () => {
  const world = await new CaWorld().start();
  const before = await new CaWorld({}, {}, world).start();
  const stranger = await new CaWorld().start();
  const [ra, other, foreign] = [
    await world.registered('ra1.example.test'),
    await before.registered('ra2.example.test'),
    await stranger.registered('ra3.example.test'),
  ];
  // The same keys and another database: what was issued after the backup that was restored.
  const { certificate, serial } = await other.call('sign', { csr: requestPem(['lost.example.test']) });
  const unknown = await ra.call('view', { dn: `0x${serial}` }).catch((error: unknown) => error);
  expect(unknown).toBeInstanceOf(ChannelRefused);

  const revoke = () => ra.call('revoke_certificate', { certificate, reason: 'keyCompromise' });
  expect([await revoke(), await revoke()]).toEqual([{ already: false }, { already: true }]);
  expect(await ra.call('ocsp_check', { cert: certificate })).toMatchObject({
    status: 'revoked',
    revoke_reason: 'keyCompromise',
    cn: 'lost.example.test',
  });

  const { certificate: theirs } = await foreign.call('sign', { csr: requestPem(['lost.example.test']) });
  await expect(ra.call('revoke_certificate', { certificate: theirs })).rejects.toMatchObject({
    kind: 'notFound',
  });
  for (const each of [world, before, stranger]) await each.close();
});

it('no task certifies keys that were revoked as compromised', async () => {
  const world = await new CaWorld().start();
  const ra = await world.registered();
  const csr = requestPem(['a.example.test']);
  const { serial } = await ra.call('sign', { csr });
  await ra.call('revoke_serial', { serial: `0x${serial}`, reason: 'certificateHold' });
  expect(await ra.call('revoke_serial', { serial: `0x${serial}`, reason: 'keyCompromise' })).toEqual({
    already: false,
  });
  const good = await ra.call('sign', { csr: requestPem(['b.example.test']) });
  const order = { order_id: 'o1', account_id: 'a1', csr };
  const node = { request_id: 'r1', cn: 'a.example.test', profile: 'server', csr };
  for (const task of [
    () => ra.call('sign', { csr }),
    () => ra.call('acme_issue_certificate', order),
    () => ra.call('enroll', node),
    () => ra.call('reissue', { serial: `0x${good.serial}`, csr }),
    () => world.registration().call('register', { cn: 'ra9.example.test', csr }),
  ]) {
    await expect(task()).rejects.toMatchObject({
      kind: 'badCSR',
      message: expect.stringContaining('compromised'),
    });
  }
  await world.close();
});

it('a certificate from ACME is renewed only over ACME', async () => {
  const world = await new CaWorld().start();
  const ra = await world.registered();
  const order = { order_id: 'o1', account_id: 'a1', csr: requestPem(['a.example.test']) };
  const { serial } = await ra.call('acme_issue_certificate', order);
  const task = ra.call('reissue', { serial: `0x${serial}`, csr: requestPem([], { cn: 'x' }) });
  await expect(task).rejects.toMatchObject({ kind: 'forbidden' });
  await world.close();
});
