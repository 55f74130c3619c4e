import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCrl } from '../../../src/x509/crl.js';
import type { Ask } from '../../support/https.js';
import { type IssuedHolder, JoinedWorld } from '../../support/world/joined.js';

const world = new JoinedWorld();
let alice: IssuedHolder;
beforeAll(async () => {
  await world.start();
  alice = world.alice;
});
afterAll(() => world.close());

const ask = (path: string, asked: Ask = {}) => world.ask(path, alice, asked);
const post = (path: string, body?: unknown) => ask(path, { method: 'POST', body });
const remove = (dn: string) => ask(`/private/admins/${encodeURIComponent(dn)}`, { method: 'DELETE' });

describe('administrators (private/admins)', () => {
  const list = async () => (await ask('/private/admins')).json.data as { dn: string }[];

  it('are added, kept as RFC 4514 whatever notation they came in; a key from before gets no rights by it', async () => {
    const former = await world.unlisted('bob');
    expect((await world.ask('/private/admins', former)).status).toBe(403);
    const added = await post('/private/admins', { dn: '/OU=Admins/CN=bob', role: 'operator' });
    const entry = { dn: former.dn, role: 'operator' };
    expect([added.status, added.json]).toEqual([201, { status: 'success', data: entry }]);
    expect((await world.ask('/private/admins', former)).status).toBe(403);
    const bob = await world.admin('bob');
    expect((await world.ask('/private/admins', bob)).status).toBe(200);
    expect(await list()).toEqual([{ dn: alice.dn, role: 'admin' }, entry]);
  });

  it('removed lose their certificates, and adding the name again does not bring them back', async () => {
    const dora = await world.admin('dora');
    expect((await world.ask('/private/admins', dora)).status).toBe(200);
    expect((await remove(dora.dn)).status).toBe(200);
    expect((await world.ask('/private/admins', dora)).json).toMatchObject({
      code: 'forbidden',
      message: 'this certificate is revoked',
    });
    await post('/private/admins', { dn: dora.dn });
    await world.admin('dora');
    expect((await world.ask('/private/admins', dora)).status).toBe(403);
    expect((await world.tasks.call('view', { dn: `0x${dora.serial}` })).revoke_reason).toBe(
      'privilegeWithdrawn',
    );
    // Until the CRL of this revocation is there: tests below look at CRLs.
    await world.tasks.call('generate_crl', {});
  });

  const as = async (role: 'auditor' | 'operator', cn: string) => world.admin(cn, role);

  it('with role auditor read and change nothing; operators manage nodes, and not who administers', async () => {
    const [auditor, operator] = [await as('auditor', 'audrey'), await as('operator', 'oscar')];
    const tries: [string, Ask, number, number][] = [
      ['/private/admins', {}, 200, 200],
      ['/private/config', {}, 200, 200],
      ['/private/options', {}, 200, 200],
      ['/private/nodes', {}, 200, 200],
      ['/private/crl/generate', { method: 'POST' }, 403, 200],
      ['/private/nodes', { method: 'POST', body: {} }, 403, 400],

      ['/private/admins', { method: 'POST', body: { dn: 'x' } }, 403, 403],
      [`/private/admins/${encodeURIComponent(alice.dn)}`, { method: 'DELETE' }, 403, 403],
    ];
    for (const [path, asked, ofAuditor, ofOperator] of tries) {
      const statuses = [await world.ask(path, auditor, asked), await world.ask(path, operator, asked)];
      expect([path, ...statuses.map(({ status }) => status)]).toEqual([path, ofAuditor, ofOperator]);
    }
    const { json } = await world.ask('/private/admins', auditor, { method: 'POST', body: { dn: 'x' } });
    expect(json).toMatchObject({ code: 'forbidden', message: expect.stringContaining('role admin') });
    const status = await world.ask('/client/status', auditor);
    expect(status.json.data).toMatchObject({ administrator: true, role: 'auditor' });
  });

  it.each([
    ['/OU=Admins/CN=carol', 'CN=carol,OU=Admins'],
    ['CN=carol,OU=Admins', '/OU=Admins/CN=carol'],
    ['carol', '/CN=Carol'],
    ['CN=x\\,y', '/CN=x,y'],
    ['CN=a/b', '/CN=a\\/b'],
  ])('added as %s, are the same as %s: added once, and removed by it', async (one, other) => {
    const before = await list();
    expect((await post('/private/admins', { dn: one })).status).toBe(201);
    const again = await post('/private/admins', { dn: other });
    expect([again.status, again.json]).toMatchObject([409, { code: 'conflict', field: 'dn' }]);
    expect((await remove(other)).status).toBe(200);
    expect(await list()).toEqual(before);
  });

  it('removed when they are not on the list are 404, and DNs are never taken for similar ones', async () => {
    for (const dn of ['/CN=nobody', alice.dn.replace(',OU=Admins', ''), `${alice.dn},L=x`, 'alice']) {
      expect((await remove(dn)).json).toMatchObject({ code: 'notFound', field: 'dn' });
    }
    expect((await list()).map(({ dn }) => dn)).toContain(alice.dn);
  });

  it.each<[string, unknown]>([
    ['no DN', {}],
    ['an empty one', { dn: '' }],
    ['one without a common name', { dn: '/O=Company' }],
    ['what is no DN', { dn: 'nonsense=1' }],
    ['an empty attribute', { dn: '/CN=' }],
    ['a number', { dn: 7 }],
    ['one too long', { dn: `CN=${'x'.repeat(1100)}` }],
  ])('are refused with 400 naming the field: %s', async (_, body) => {
    expect((await post('/private/admins', body)).json).toMatchObject({ code: 'invalidRequest', field: 'dn' });
  });

  it('are refused with 400 when more is sent than is taken, and when nothing is sent', async () => {
    const more = await post('/private/admins', { dn: '/CN=x', role: 'root' });
    expect(more.json).toMatchObject({ code: 'invalidRequest', field: 'role' });
    expect((await post('/private/admins')).json).toMatchObject({ code: 'invalidRequest' });
  });

  it('are refused with 415 when the body is not JSON, with 413 when it is too large', async () => {
    const form = { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: { dn: '/CN=x' } };
    expect((await ask('/private/admins', form)).json).toMatchObject({ code: 'unsupportedMediaType' });
    const large = await post('/private/admins', { dn: 'x'.repeat(70_000) });
    expect(large.json).toMatchObject({ code: 'tooLarge' });
  });

  it('with a DN as long as may be are removed by path', async () => {
    const dn = `CN=${'/'.repeat(500)},O=${'é'.repeat(200)}`;
    expect((await post('/private/admins', { dn })).status).toBe(201);
    expect((await remove(dn)).status).toBe(200);
  });
});

describe('private/crl/generate', () => {
  it('signs a new CRL, which is served at once', async () => {
    const { serial } = await world.holder('gone');
    await world.tasks.call('revoke_serial', { serial: `0x${serial}` });
    const { status, json } = await post('/private/crl/generate');
    const made = json.data as { number: number; this_update: string; next_update: string; crl: string };
    const crl = parseCrl(Buffer.from(made.crl, 'base64'));
    expect(status).toBe(200);
    expect(crl.entries.map((entry) => entry.serial)).toContain(serial);
    expect([made.number, made.this_update, made.next_update]).toEqual([
      Number(crl.number),
      new Date(crl.thisUpdate).toISOString(),
      new Date(crl.nextUpdate ?? 0).toISOString(),
    ]);
    const served = await world.ask('/public/crl?format=json');
    expect(served.json.data).toEqual({ crl: made.crl });
    const next = (await post('/private/crl/generate')).json.data as { number: number };
    expect(next.number).toBeGreaterThan(made.number);
  });
});

describe('private/config', () => {
  it('is the settings in effect, secrets redacted', async () => {
    expect((await ask('/private/config')).json).toEqual({
      status: 'success',
      data: { UPKI_CA_SEED: '(secret)', UPKI_RA_PORT: '8000' },
    });
  });
});

describe('private/options', () => {
  it('is what the CA offers, but not the profiles of CAs', async () => {
    const { json } = await ask('/private/options');
    const data = json.data as { profiles: { name: string }[]; root: { not_after: string } };
    expect(data).toMatchObject({
      root: {
        dn: 'CN=Test Root CA,O=Test',
        key: 'ec secp384r1',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      issuer: { dn: 'CN=Test Issuing CA,O=Test', key: 'ec prime256v1' },
      keys: [
        { type: 'ec', curves: ['P-256', 'P-384', 'P-521'] },
        { type: 'ed25519' },
        { type: 'rsa', min_bits: 2048, max_bits: 8192 },
      ],
      san_types: ['DNS', 'IP', 'EMAIL', 'URI'],
      max_sans: 1000,
      revocation_reasons: { keyCompromise: 1, certificateHold: 6 },
      crl: { validity: 7 * 86_400 },
    });
    expect(data.profiles.map(({ name }) => name)).toEqual([
      'ra',
      'server',
      'webapp',
      'short',
      'laptop',
      'user',
      'admin',
    ]);
    expect(data.profiles[1]).toEqual({
      name: 'server',
      description: expect.any(String),
      acme: true,
      altnames: true,
      extended_key_usage: ['serverAuth'],
      max_validity: 60 * 86_400,
    });
    expect(JSON.stringify(data.root.not_after)).toMatch(/\d{4}-\d\d-\d\dT/);
    expect(JSON.stringify(data)).not.toContain('removeFromCRL');
  });
});
