import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newCurveKeyPair } from '../../src/channel/curve-keys.js';
import { introductionProof } from '../../src/channel/introduction.js';
import type { operations } from '../../src/channel/tasks/index.js';
import type { TaskClient } from '../../src/channel/typed-client.js';
import { openCaStore } from '../../src/store/index.js';
import { verifyAudit } from '../../src/store/rows/audit-chain.js';
import { told } from '../store/contract/audit.contract.js';
import { newKey, requestPem } from '../support/requests.js';
import { CaWorld } from '../support/world/ca.js';

const world = new CaWorld();
let ra: TaskClient<typeof operations>;
beforeAll(async () => {
  await world.start();
  ra = await world.registered('ra1.example.test');
});
afterAll(() => world.close());

interface Told {
  who: string;
  from: string;
  action: string;
  details: Record<string, unknown>;
}

/** The CA's log, read beside it while it runs. */
async function log(): Promise<Told[]> {
  const store = await openCaStore(`${world.dataDir}/ca.db`);
  const entries = (await told(store)) as Told[];
  expect((await verifyAudit(store)).fault).toBeNull();
  await store.close();
  return entries;
}

/** What one step adds to it. */
async function adds(step: () => Promise<unknown>): Promise<Told[]> {
  const before = (await log()).length;
  await step();
  return (await log()).slice(before);
}

const RA1 = { who: 'ra ra1.example.test', from: 'channel', outcome: 'success' };

describe('the CA’s audit log', () => {
  it('begins with the registration of the RA by a holder of the seed', async () => {
    const entries = await log();
    const actions = entries
      .filter(({ who }) => who === 'holder of the registration seed')
      .map(({ action }) => action);
    expect(actions).toEqual(['certificate.issue', 'node.register', 'peer.admit']);
  });

  it('has every issuance with the authenticated name of the RA that requested it', async () => {
    const order = {
      order_id: 'o1',
      account_id: 'a1',
      profile: 'server',
      identifiers: [{ type: 'dns' as const, value: 'www.example.test' }],
      csr: requestPem(['www.example.test'], { key: newKey() }),
    };
    const entries = await adds(async () => {
      await ra.call('acme_issue_certificate', order);
      await ra.call('acme_issue_certificate', order);
    });
    expect(entries).toEqual([
      {
        ...RA1,
        action: 'certificate.issue',
        details: {
          serial: expect.stringMatching(/^[0-9a-f]{34}$/),
          cn: 'www.example.test',
          profile: 'server',
          order: 'o1',
          account: 'a1',
        },
      },
    ]);
  });

  it('has sign, generate, renew and reissue', async () => {
    const entries = await adds(async () => {
      const { serial } = await ra.call('sign', { csr: requestPem(['a.example.test']) });
      await ra.call('renew', { dn: 'a.example.test' });
      await ra.call('reissue', { serial: `0x${serial}`, csr: requestPem([], { cn: 'x' }) });
      await ra.call('generate', { cn: 'Ada', profile: 'user' });
    });
    expect(entries.map(({ action, details }) => [action, details.cn])).toEqual([
      ['certificate.issue', 'a.example.test'],
      ['certificate.issue', 'a.example.test'],
      ['certificate.issue', 'a.example.test'],
      ['certificate.issue', 'Ada'],
      ['node.register', 'Ada'],
    ]);
    for (const entry of entries) expect(entry).toMatchObject(RA1);
  });

  it('has revocations and ends of holds, but no request that changed nothing', async () => {
    const { serial } = await ra.call('sign', { csr: requestPem(['b.example.test']) });
    const entries = await adds(async () => {
      await ra.call('revoke', { dn: 'b.example.test', reason: 'certificateHold' });
      await ra.call('revoke_serial', { serial: `0x${serial}`, reason: 'certificateHold' });
      await ra.call('unrevoke', { dn: 'b.example.test' });
      await ra.call('delete', { dn: 'b.example.test' });
    });
    expect(entries).toEqual([
      { ...RA1, action: 'certificate.revoke', details: { serial, reason: 6 } },
      { ...RA1, action: 'certificate.unrevoke', details: { serial } },
      { ...RA1, action: 'certificate.revoke', details: { serial, reason: 5 } },
      { ...RA1, action: 'certificate.delete', details: { serial } },
    ]);
  });

  it('has every added and removed administrator', async () => {
    const entries = await adds(async () => {
      await ra.call('add_admin', { dn: '/O=x/CN=alice' });
      await ra.call('add_admin', { dn: 'CN=alice,O=x' });
      await ra.call('remove_admin', { dn: 'CN=alice,O=x' });
      await ra.call('remove_admin', { dn: 'CN=alice,O=x' });
    });
    expect(entries).toEqual([
      { ...RA1, action: 'admin.add', details: { dn: '/O=x/CN=alice', role: 'admin' } },
      { ...RA1, action: 'admin.remove', details: { dn: '/O=x/CN=alice' } },
    ]);
  });

  it('names the administrator on whose behalf an RA sends a task, and the RA', async () => {
    const entries = await adds(async () => {
      await ra.call('add_admin', { dn: '/CN=zoe', role: 'auditor', by: 'CN=alice' });
      await ra.call('remove_admin', { dn: '/CN=zoe', by: 'CN=alice' });
    });
    const who = `CN=alice (says ${RA1.who})`;
    expect(entries).toEqual([
      { ...RA1, who, action: 'admin.add', details: { dn: '/CN=zoe', role: 'auditor' } },
      { ...RA1, who, action: 'admin.remove', details: { dn: '/CN=zoe' } },
    ]);
  });

  it('does not believe the name that a peer only claims', async () => {
    const keys = newCurveKeyPair();
    await world.registration().call('register', {
      cn: 'ra3.example.test',
      csr: requestPem(['ra3.example.test']),
      curve_public_key: keys.publicKey,
    });
    const other = newCurveKeyPair();
    await world.registration().call('register', {
      cn: 'ra4.example.test',
      csr: requestPem(['ra4.example.test']),
      curve_public_key: other.publicKey,
    });
    const silent = world.operations(keys, null);
    const false_ = world.operations(keys, {
      task: 'introduce',
      params: {
        public_key: other.publicKey,
        proof: introductionProof(keys, world.running.operationsPublicKey),
      },
    });
    const entries = await adds(async () => {
      await silent.call('add_admin', { dn: '/CN=b' });
      await false_.call('add_admin', { dn: '/CN=c' });
    });
    expect(entries.map(({ who }) => who)).toEqual([
      'admitted peer that did not introduce itself',
      'admitted peer that did not introduce itself',
    ]);
  });
});

it('records no proven name in clear mode', async () => {
  const clear = await new CaWorld({ mode: 'clear' }).start();
  await clear.operations(newCurveKeyPair()).call('add_admin', { dn: '/CN=a' });
  const store = await openCaStore(`${clear.dataDir}/ca.db`);
  expect((await told(store)).at(-1)).toMatchObject({ who: 'unauthenticated peer', action: 'admin.add' });
  await store.close();
  await clear.close();
});
