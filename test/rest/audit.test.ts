import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/ra/audit-log.js';
import { StoreUnavailable } from '../../src/store/contract/errors.js';
import { verifyAudit } from '../../src/store/rows/audit-chain.js';
import { told } from '../store/contract/audit.contract.js';
import { requestPem } from '../support/requests.js';
import { type IssuedHolder, JoinedWorld } from '../support/world/joined.js';

const world = new JoinedWorld();
let alice: IssuedHolder;
beforeAll(async () => {
  await world.start();
  alice = world.alice;
});
afterAll(async () => {
  expect(world.errors).toEqual([]);
  await world.close();
});

/** What one step adds to the RA's log. */
async function adds(step: () => Promise<unknown>): Promise<unknown[]> {
  // Nobody waits for the record of a refusal; it is kept before what is asked of the store next.
  await world.store.ping();
  const before = (await told(world.store)).length;
  await step();
  await world.store.ping();
  return (await told(world.store)).slice(before);
}

const post = (path: string, holder: IssuedHolder | null, body?: unknown) =>
  world.ask(path, holder, { method: 'POST', body });
const by = ({ dn }: IssuedHolder) => ({ who: dn, from: '127.0.0.1' });

describe('the RA’s audit log', () => {
  it('has every administrator’s action: who, from where, what, on what, with which outcome', async () => {
    const dn = 'CN=bob,O=x';
    const entries = await adds(async () => {
      await post('/private/admins', alice, { dn });
      await post('/private/admins', alice, { dn });
      await world.ask(`/private/admins/${encodeURIComponent(dn)}`, alice, { method: 'DELETE' });
      await world.ask(`/private/admins/${encodeURIComponent(dn)}`, alice, { method: 'DELETE' });
      await post('/private/admins', alice, { dn: 7 });
      await post('/private/crl/generate', alice);
    });
    const add = { ...by(alice), action: 'POST /private/admins' };
    const remove = { ...by(alice), action: 'DELETE /private/admins/{dn}', details: { dn } };
    expect(entries).toEqual([
      { ...add, outcome: 'success', details: { dn, role: 'admin' } },
      { ...add, outcome: 'conflict', details: {} },
      { ...remove, outcome: 'success' },
      { ...remove, outcome: 'notFound' },
      { ...add, outcome: 'invalidRequest', details: {} },
      {
        ...by(alice),
        action: 'POST /private/crl/generate',
        outcome: 'success',
        details: { number: expect.stringMatching(/^\d+$/) },
      },
    ]);
  });

  it('has a holder’s renewal and revocation', async () => {
    const holder = await world.holder('laptop');
    let issued = '';
    const entries = await adds(async () => {
      const { json } = await post('/client/renew', holder, { csr: requestPem([], { cn: 'x' }) });
      issued = (json.data as { serial: string }).serial;
      await post('/client/revoke', holder, { reason: 'superseded' });
    });
    expect(entries).toEqual([
      { ...by(holder), action: 'POST /client/renew', outcome: 'success', details: { issued } },
      {
        ...by(holder),
        action: 'POST /client/revoke',
        outcome: 'success',
        details: { serial: holder.serial, reason: 'superseded' },
      },
    ]);
  });

  it('has who was refused, also for reading', async () => {
    const bob = await world.holder('bob');
    const entries = await adds(async () => {
      await world.ask('/private/admins', null);
      await world.ask('/private/config', bob);
      await post('/client/renew', null, {});
    });
    expect(entries).toEqual([
      {
        who: 'nobody',
        from: '127.0.0.1',
        action: 'GET /private/admins',
        outcome: 'unauthenticated',
        details: {},
      },
      { ...by(bob), action: 'GET /private/config', outcome: 'forbidden', details: {} },
      {
        who: 'nobody',
        from: '127.0.0.1',
        action: 'POST /client/renew',
        outcome: 'unauthenticated',
        details: {},
      },
    ]);
  });

  it('has no records of reading, nor of public routes', async () => {
    const entries = await adds(async () => {
      await world.ask('/private/admins', alice);
      await world.ask('/client/status', alice);
      await world.ask('/public/certs', alice);
      await world.ask('/public/certs?nonsense=1', null);
    });
    expect(entries).toEqual([]);
  });

  it('verifies', async () => {
    expect((await verifyAudit(world.store)).fault).toBeNull();
  });
});

it('an action is answered when its record is on disk, and not as done when there can be none', async () => {
  const broken = new JoinedWorld({
    api: {
      audit: new AuditLog(
        { appendAudit: () => Promise.reject(new StoreUnavailable('disk full')) },
        Date.now,
        () => undefined,
      ),
    },
  });
  await broken.start();
  const admin = broken.alice;
  const { status, json } = await broken.ask('/private/crl/generate', admin, { method: 'POST' });
  expect([status, json.code]).toEqual([503, 'unavailable']);
  expect((await broken.ask('/private/admins', null)).status).toBe(401);
  await broken.close();
});
