import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR } from '../../../src/lib/time.js';
import { CaUnavailable } from '../../../src/model/ca.js';
import type { AuditEntry } from '../../../src/store/contract/audit.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { createCsr } from '../../../tools/kit/csr.js';
import { refused } from '../../support/refused.js';
import { newKey, requestPem } from '../../support/requests.js';
import { JoinedWorld } from '../../support/world/joined.js';

let world: JoinedWorld;
beforeAll(async () => {
  world = await new JoinedWorld({ policy: { denied: ['denied.test'] } }).start();
});
afterAll(() => world.close());

const post = (body: unknown) => world.ask('/private/nodes', world.alice, { method: 'POST', body });
const remove = (cn: string) =>
  world.ask(`/private/nodes/${encodeURIComponent(cn)}`, world.alice, { method: 'DELETE' });
const certify = (body: unknown) => world.ask('/public/certify', null, { method: 'POST', body });
const stateOf = async (serial: string) =>
  (await world.tasks.call('view', { dn: BigInt(`0x${serial}`) })).status;

describe('POST private/nodes', () => {
  it('registers a node and returns its one-time seed, which is neither in the store nor in a listing', async () => {
    const answer = await post({
      cn: 'One.Example.test',
      sans: [{ type: 'DNS', value: 'alias.example.test' }, '2001:DB8::0:1', 'ops@example.test'],
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    const { seed, command, hmac_key: hmac, ...node } = answer.json.data;
    expect(node).toMatchObject({
      patterns: [],
      challenges_waived: false,
      key_id: expect.stringMatching(/^upki-/),
      cn: 'one.example.test',
      profile: 'webapp',
      sans: [
        { type: 'DNS', value: 'one.example.test' },
        { type: 'DNS', value: 'alias.example.test' },
        { type: 'IP', value: '2001:db8::1' },
        { type: 'EMAIL', value: 'ops@example.test' },
      ],
      registered_at: expect.any(String),
      registered_by: 'CN=alice,OU=Admins',
      state: 'waiting',
      seed_expires_at: new Date(Date.parse(node.registered_at) + 24 * HOUR).toISOString(),
    });
    expect(seed).toMatch(/^upki-seed-[A-Za-z0-9_-]{32}$/);
    expect(command).toContain(seed);
    expect(command).toContain(new X509Certificate(world.root).fingerprint256);
    expect(JSON.stringify(await world.store.getNode('one.example.test'))).not.toContain(seed);
    expect(JSON.stringify(world.events)).not.toContain(seed);
    const list = await world.ask('/private/nodes', world.alice);
    expect(list.text).toContain('one.example.test');
    expect(list.text).not.toContain(seed);
    expect(list.text).not.toContain(hmac);
  });

  it('a name that is registered is 409, unless it is to be replaced: its seed is then another one', async () => {
    const first = await world.register({ cn: 'twice.example.test' });
    const again = await post({ cn: 'TWICE.example.test' });
    expect([again.status, again.json.code, again.json.field]).toEqual([409, 'conflict', 'cn']);
    const second = await world.register({ cn: 'twice.example.test', profile: 'user', replace: true });
    expect(second.seed).not.toBe(first.seed);
    const csr = requestPem([], { cn: 'twice.example.test' });
    expect((await certify({ seed: first.seed, csr })).status).toBe(403);
    expect((await certify({ seed: second.seed, csr })).json.data.profile).toBe('user');
  });

  it('may have a hundred names, and its command fits where a long URL does not', async () => {
    const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.test`;
    const { command, seed } = await world.register({ cn: 'many.test', sans: manyNames(99, name) });
    const [url = ''] = /https:\S+magic\S+(?=' \|)/.exec(command) ?? [];
    expect(url).toMatch(/\/magic\/webapp\?cn=many\.test&format=sh$/);
    const csr = requestPem(['many.test']);
    expect((await certify({ seed, csr })).json.data.sans).toHaveLength(100);
  });

  it('a name that is not registered may be replaced too', async () => {
    expect((await post({ cn: 'fresh.example.test', replace: true })).status).toBe(201);
  });

  it.each<[object, number, string]>([
    [{}, 400, 'cn'],
    [{ cn: '' }, 400, 'cn'],
    [{ cn: 'no host name' }, 400, 'cn'],
    [{ cn: 'a'.repeat(300) }, 400, 'cn'],
    [{ cn: ' Ada', profile: 'user' }, 400, 'cn'],
    [{ cn: 'Ada\n', profile: 'user' }, 400, 'cn'],
    [{ cn: 'a.test', sans: 'b.test' }, 400, 'sans'],
    [{ cn: 'a.test', sans: ['b.test', '-b.test'] }, 400, 'sans[1].value'],
    [{ cn: 'a.test', sans: [{ type: 'IP', value: 'b.test' }] }, 400, 'sans[0].value'],
    [{ cn: 'a.test', sans: [{ type: 'DIR', value: 'x' }] }, 400, 'sans[0]'],
    [{ cn: 'a.test', sans: manyNames(100) }, 400, 'sans'],
    [{ cn: 'a.test', sans: manyNames(50), names: manyNames(60, 'b') }, 400, 'sans'],
    [{ cn: 'a.test', profile: 'none' }, 400, 'profile'],
    [{ cn: 'a.test', profile: '../x' }, 400, 'profile'],
    [{ cn: 'a.test', profile: 'ca' }, 403, 'profile'],
    [{ cn: 'a.test', profile: 'ra' }, 403, 'profile'],
    [{ cn: 'a.test', profile: 'admin' }, 403, 'profile'],
    [{ cn: 'x.denied.test' }, 403, 'sans'],
    [{ cn: 'a.test', seed: 'mine' }, 400, 'seed'],
  ])('refuses %j with %d, naming %s', async (body, status, field) => {
    const { json, status: got } = await post(body);
    expect([got, json.field, json.status]).toEqual([status, field, 'error']);
  });

  it('is for administrators only', async () => {
    const call = { method: 'POST', body: { cn: 'no.example.test' } };
    expect((await world.ask('/private/nodes', null, call)).status).toBe(401);
    const user = await world.holder('mallory');
    expect((await world.ask('/private/nodes', user, { ...call })).status).toBe(403);
    const node = await world.enrolled({ cn: 'mere.example.test' });
    expect((await world.ask('/private/nodes', node, { ...call })).status).toBe(403);
    expect(await world.store.getNode('no.example.test')).toBeNull();
  });
});

describe('GET private/nodes', () => {
  it('is paged by name and shows the state of each node', async () => {
    for (const cn of ['p1.example.test', 'p2.example.test']) await world.register({ cn });
    const p3 = await world.enrolled({ cn: 'p3.example.test' });
    world.time.offset = 25 * HOUR;
    const page = async (cursor: string) => {
      const path = `/private/nodes?limit=2&cursor=${encodeURIComponent(cursor)}`;
      return (await world.ask(path, world.alice)).json.data;
    };
    const first = await page('p0');
    expect(first.nodes.map(({ cn, state }: { cn: string; state: string }) => [cn, state])).toEqual([
      ['p1.example.test', 'expired'],
      ['p2.example.test', 'expired'],
    ]);
    const second = await page(first.next);
    world.time.offset = 0;
    expect(second.nodes[0]).toMatchObject({ cn: 'p3.example.test', state: 'enrolled', serial: p3.serial });
  });

  it('is for administrators only', async () => {
    expect((await world.ask('/private/nodes')).status).toBe(401);
    const headers = { 'x-ssl-client-verify': 'SUCCESS', 'x-ssl-client-s-dn': '/CN=alice' };
    expect((await world.ask('/private/nodes', null, { headers })).status).toBe(401);
  });
});

describe('DELETE private/nodes/{cn}', () => {
  it('revokes every certificate of the node (cessationOfOperation), renewed and ordered ones too, and forgets it', async () => {
    const node = await world.enrolled({ cn: 'gone.example.test', sans: ['www.gone.example.test'] });
    const { client } = await world.acme(node);
    const { chain } = await client.issue({
      names: ['www.gone.example.test'],
      solve: () => Promise.reject(new Error('no challenge is wanted')),
    });
    const ordered = new X509Certificate(chain).serialNumber.toLowerCase();
    const again = await world.register({ cn: 'gone.example.test', replace: true });
    const reenrolled = await certify({ seed: again.seed, csr: requestPem([], { cn: 'gone.example.test' }) });
    const other = await world.enrolled({ cn: 'stays.example.test' });

    const answer = await remove('Gone.example.test');
    expect(answer.status).toBe(200);
    expect(answer.json.data.cn).toBe('gone.example.test');
    const all = [node.serial, ordered, reenrolled.json.data.serial];
    expect(answer.json.data.revoked.sort()).toEqual(all.sort());
    for (const serial of all) expect(await stateOf(serial)).toBe('revoked');
    expect(await stateOf(other.serial)).toBe('good');
    await world.tasks.call('generate_crl', {});
    const crl = parseCrl(Buffer.from(await world.tasks.call('get_crl', {}), 'base64'));
    expect(crl.entries).toContainEqual(expect.objectContaining({ serial: node.serial, reason: 5 }));
    expect(await world.store.getNode('gone.example.test')).toBeNull();
    expect((await remove('gone.example.test')).status).toBe(404);
  });

  it('ends the seed, and the name may be registered again', async () => {
    const { seed } = await world.register({ cn: 'early.example.test' });
    expect((await remove('early.example.test')).json.data.revoked).toEqual([]);
    const refused = await certify({ seed, csr: requestPem(['early.example.test']) });
    expect([refused.status, refused.json.field]).toEqual([403, 'seed']);
    expect((await post({ cn: 'early.example.test' })).status).toBe(201);
  });

  it('finds a certificate that a crash kept out of the RA’s store', async () => {
    const { seed, cn } = await world.register({ cn: 'lost.example.test' });
    world.faults.enroll = async (carryOut) => {
      await carryOut();
      throw new CaUnavailable('the answer was lost');
    };
    expect((await certify({ seed, csr: requestPem([cn]) })).status).toBe(503);
    delete world.faults.enroll;
    const { revoked } = (await remove(cn)).json.data;
    expect(revoked).toHaveLength(1);
    expect(await stateOf(revoked[0])).toBe('revoked');
  });

  it('interrupted by a CA that is away, has ended the node already and is completed by repeating it', async () => {
    const node = await world.enrolled({ cn: 'half.example.test' });
    world.faults.revoke = () => Promise.reject(new CaUnavailable('away'));
    const interrupted = await remove('half.example.test');
    expect([interrupted.status, interrupted.headers['retry-after']]).toEqual([503, '5']);
    expect(await stateOf(node.serial)).toBe('good');
    const list = await world.ask('/private/nodes?cursor=half&limit=1', world.alice);
    expect(list.json.data.nodes[0]).toMatchObject({ cn: 'half.example.test', state: 'removing' });
    expect((await certify({ seed: node.seed, csr: requestPem([]) })).status).toBe(403);
    const again = await post({ cn: 'half.example.test', replace: true });
    expect([again.status, again.json.message]).toEqual([409, expect.stringContaining('being removed')]);
    delete world.faults.revoke;
    expect((await remove('half.example.test')).json.data.revoked).toEqual([node.serial]);
    expect(await stateOf(node.serial)).toBe('revoked');
  });

  it('that overtakes an enrolment leaves no certificate behind', async () => {
    const { seed, cn } = await world.register({ cn: 'race.example.test' });
    let issued = '';
    world.faults.enroll = async (carryOut) => {
      await remove(cn);
      const made = await carryOut();
      issued = made.serial;
      return made;
    };
    const answer = await certify({ seed, csr: requestPem([cn], { key: newKey() }) });
    delete world.faults.enroll;
    expect(answer.status).toBe(403);
    expect(answer.text).not.toContain('BEGIN CERTIFICATE');
    expect(await stateOf(issued)).toBe('revoked');
  });

  it('waits for an order of the node that is being finalized: its certificate is to be revoked too', async () => {
    const node = await world.enrolled({ cn: 'busy.example.test' });
    const { client } = await world.acme(node);
    const order = await client.newOrder(['busy.example.test']);
    world.faults.issue = () => Promise.reject(new CaUnavailable('away'));
    const deferred = await refused(client.finalize(order, createCsr(['busy.example.test']).der));
    expect(deferred.status).toBe(503);
    const waiting = await remove('busy.example.test');
    expect([waiting.status, waiting.json.message]).toEqual([503, expect.stringContaining('being finalized')]);
    expect(await stateOf(node.serial)).toBe('revoked');
    await world.store.failOrder(order.url.split('/').at(-1) ?? '', { type: 'x', detail: 'no', status: 403 });
    delete world.faults.issue;
    expect((await remove('busy.example.test')).status).toBe(200);
  });

  it('leaves certificates of the same name and another profile unchanged', async () => {
    const other = await world.holder('shared.example.test', 'server', { names: ['shared.example.test'] });
    await world.enrolled({ cn: 'shared.example.test' });
    await remove('shared.example.test');
    expect(await stateOf(new X509Certificate(other.cert).serialNumber)).toBe('good');
  });

  it('is for administrators only', async () => {
    const node = await world.enrolled({ cn: 'self.example.test' });
    const path = '/private/nodes/self.example.test';
    expect((await world.ask(path, null, { method: 'DELETE' })).status).toBe(401);
    expect((await world.ask(path, node, { method: 'DELETE' })).status).toBe(403);
    expect(await stateOf(node.serial)).toBe('good');
  });
});

describe('the audit log', () => {
  it('reports registration, enrolment, refused seeds, renewal and removal: who, from where, what; and no seed', async () => {
    const seen = (await entries()).length;
    const cn = 'audited.example.test';
    const node = await world.enrolled({ cn });
    const wrong = { seed: 'upki-node-wrong', csr: requestPem([], { cn }) };
    await world.ask('/public/certify', null, { method: 'POST', body: wrong });
    const renewed = await world.renewed(node);
    await world.ask(`/private/nodes/${cn}`, world.alice, { method: 'DELETE' });
    const told = (await entries()).slice(seen);
    expect(told.map(({ action, outcome, details }) => [action, outcome, details])).toEqual([
      ['POST /private/nodes', 'success', { cn, profile: 'webapp', names: cn }],
      ['POST /public/certify', 'success', { cn, issued: node.serial }],
      ['POST /public/certify', 'forbidden', {}],
      ['POST /client/renew', 'success', { issued: renewed.serial }],
      ['DELETE /private/nodes/{cn}', 'success', { cn, revoked: expect.stringContaining(node.serial) }],
    ]);
    expect(told.map(({ who }) => who)).toEqual([
      expect.stringContaining('CN=alice'),
      'nobody',
      'nobody',
      `CN=${cn}`,
      expect.stringContaining('CN=alice'),
    ]);
    expect(told.every(({ from }) => from.endsWith('127.0.0.1'))).toBe(true);
    expect(JSON.stringify(told)).not.toContain(node.seed);
  });
});

async function entries(): Promise<AuditEntry[]> {
  const records = await world.store.readAudit({ after: null, limit: 1000 });
  return records.map(({ entry }) => JSON.parse(entry) as AuditEntry);
}

function manyNames(count: number, below = 'a.test'): string[] {
  return Array.from({ length: count }, (_, index) => `n${index}.${below}`);
}
