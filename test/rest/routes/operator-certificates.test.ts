import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCrl } from '../../../src/x509/crl.js';
import { aCertificate, anAccount, anOrder } from '../../../tools/kit/facts.js';
import type { Ask } from '../../support/https.js';
import { requestPem } from '../../support/requests.js';
import { type IssuedHolder, JoinedWorld } from '../../support/world/joined.js';

const world = new JoinedWorld();
let alice: IssuedHolder;
beforeAll(async () => {
  await world.start();
  alice = world.alice;
});
afterAll(() => world.close());

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
const ask = async (path: string, asked: Ask = {}): Promise<any> => (await world.ask(path, alice, asked)).json;
const post = (path: string, body: object) => ask(path, { method: 'POST', body });
const server = async (...names: string[]) =>
  (await world.tasks.call('sign', { csr: requestPem(names), profile: 'server' })).serial;
const list = async (query: string): Promise<string[]> =>
  (await ask(`/private/certificates?${query}`)).data.certificates.map(
    (each: { serial: string }) => each.serial,
  );
const crlSerials = async () =>
  parseCrl(Buffer.from((await ask('/public/crl?format=json')).data.crl, 'base64')).entries.map(
    ({ serial }) => serial,
  );

describe('private/certificates', () => {
  it('finds by any name, glob, serial, profile, issuer and end', async () => {
    const serial = await server('one.find.lan', 'two.find.lan');
    expect(await list('name=two.find.lan')).toEqual([serial]);
    expect(await list('name=*.find.lan&profile=server&state=good')).toEqual([serial]);
    expect(await list('name=*.find.lan&profile=webapp')).toEqual([]);
    expect(await list(`serial=${serial}`)).toEqual([serial]);
    expect(await list(`serial=${BigInt(`0x${serial}`)}`)).toEqual([serial]);
    expect(await list('serial=01')).toEqual([]);
    expect(await list(`serial=${serial}&state=revoked`)).toEqual([]);
    expect(await list(`serial=${serial}&state=good&profile=server`)).toEqual([serial]);
    expect(await list('name=two.find.lan&expires_in=1d')).toEqual([]);
    expect(await list('name=two.find.lan&expires_in=999d&not_renewed=true')).toEqual([serial]);
    const { issuer } = (await ask('/private/options')).data;
    expect(await list(`name=two.find.lan&issuer=${encodeURIComponent(issuer.dn)}`)).toEqual([serial]);
    expect(await list('name=two.find.lan&issuer=Another%20CA')).toEqual([]);
  });

  it('continues where a page ended', async () => {
    const serials = [
      await server('p1.pages.lan'),
      await server('p2.pages.lan'),
      await server('p3.pages.lan'),
    ];
    const first = (await ask('/private/certificates?name=*.pages.lan&limit=2')).data;
    const rest = (await ask(`/private/certificates?name=*.pages.lan&limit=2&cursor=${first.next}`)).data;
    const found = [...first.certificates, ...rest.certificates].map(({ serial }) => serial);
    expect(found.sort()).toEqual(serials.sort());
    expect(rest.next).toBeNull();
  });

  it.each([
    ['expires_in=14', 'expires_in'],
    ['state=bad', 'state'],
    ['limit=0', 'limit'],
    ['x=1', 'x'],
    ['node=none', 'node'],
    ['node=none&issuer=x', 'node'],
    ['serial=01&name=x', 'serial'],
  ])('refuses %s and names the parameter', async (query, field) => {
    expect(await ask(`/private/certificates?${query}`)).toMatchObject({ status: 'error', field });
  });

  it('refuses a cursor that is none', async () => {
    expect((await world.ask('/private/certificates?cursor=x', alice)).status).toBe(422);
  });

  it('shows one by serial and by name, with its chain and the others of its name', async () => {
    const first = await server('show.lan');
    const second = await server('show.lan');
    const shown = (await ask('/private/certificates/show.lan')).data;
    expect([first, second]).toContain(shown.serial);
    expect(shown.chain.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    const byFirst = (await ask(`/private/certificates/${first}`)).data;
    expect(byFirst.history.map(({ serial }: { serial: string }) => serial)).toEqual([second]);
    expect((await world.ask('/private/certificates/nothing.lan', alice)).status).toBe(404);
  });

  it('exports pem, chain and der', async () => {
    await server('export.lan');
    const file = async (format: string) =>
      world.ask(`/private/certificates/export.lan/export?format=${format}`, alice);
    expect((await file('pem')).text.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
    expect((await file('chain')).text.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect((await file('der')).headers['content-type']).toBe('application/pkix-cert');
    expect((await file('x')).json).toMatchObject({ code: 'invalidRequest', field: 'format' });
  });

  it('revokes by serial; CRL and OCSP say so at once, and the audit log who, why and what', async () => {
    const serial = await server('gone.lan');
    const body = { serial, reason: 'superseded', comment: 'ticket 7' };
    const { data } = await post('/private/certificates/actions/revoke', body);
    expect(data).toMatchObject({ reason: 'superseded', certificates: [{ serial, outcome: 'done' }] });
    expect(await crlSerials()).toContain(serial);
    expect((await post('/public/ocsp', { serial })).data).toMatchObject({ status: 'revoked' });
    expect((await post('/private/certificates/actions/revoke', body)).data.certificates[0].outcome).toBe(
      'already',
    );
    const entries = (await world.store.readAudit({ after: null, limit: 500 })).map(({ entry }) =>
      JSON.parse(entry),
    );
    expect(entries).toContainEqual(
      expect.objectContaining({
        who: alice.dn,
        from: '127.0.0.1',
        action: 'POST /private/certificates/actions/revoke',
        outcome: 'success',
        details: { serials: serial, reason: 'superseded', comment: 'ticket 7' },
      }),
    );
  });

  it('reports what it would do, and does nothing, with dry_run', async () => {
    const serial = await server('plan.lan');
    const { data } = await post('/private/certificates/actions/revoke', { name: 'plan.lan', dry_run: true });
    expect(data).toMatchObject({ dry_run: true, certificates: [{ serial, outcome: 'planned' }] });
    expect(await list('name=plan.lan&state=good')).toEqual([serial]);
  });

  it('by name requires a confirmation that all are meant, and then revokes all', async () => {
    const serials = [await server('many.lan'), await server('many.lan')];
    const one = await post('/private/certificates/actions/revoke', { name: 'many.lan' });
    expect(one).toMatchObject({ code: 'conflict', field: 'name' });
    const { data } = await post('/private/certificates/actions/revoke', { name: 'MANY.lan', all: true });
    expect(data.certificates.map(({ serial }: { serial: string }) => serial).sort()).toEqual(serials.sort());
    expect(await list('name=many.lan&state=revoked')).toHaveLength(2);
    const again = await post('/private/certificates/actions/revoke', { name: 'many.lan', all: true });
    expect(again).toMatchObject({ code: 'notFound', field: 'name' });
  });

  it('by a wildcard name means only the wildcard certificate', async () => {
    const wild = await server('*.wild.lan');
    const plain = await server('a.wild.lan');
    const { data } = await post('/private/certificates/actions/revoke', { name: '*.wild.lan', all: true });
    expect(data.certificates.map(({ serial }: { serial: string }) => serial)).toEqual([wild]);
    expect(await list('name=a.wild.lan&state=good')).toEqual([plain]);
  });

  it('refuses to cut an RA off from the CA, by serial and by name, and passes it over among others', async () => {
    const { serial } = await world.tasks.call('sign', { csr: requestPem(['localhost']), profile: 'ra' });
    const refused = { code: 'conflict', message: expect.stringContaining('upki ra revoke') };
    for (const action of ['revoke', 'hold'])
      for (const which of [{ serial }, { name: 'localhost', all: true }, { serial, dry_run: true }])
        expect(await post(`/private/certificates/actions/${action}`, which)).toMatchObject(refused);
    const beside = await server('localhost');
    const { data } = await post('/private/certificates/actions/revoke', { name: 'localhost', all: true });
    expect(data.certificates.map(({ serial }: { serial: string }) => serial)).toEqual([beside]);
    expect(await list('name=localhost&profile=ra&state=good')).toContain(serial);
  });

  it('holds, releases from hold, and permanently revokes a certificate on hold', async () => {
    const serial = await server('held.lan');
    expect(
      (await post('/private/certificates/actions/hold', { name: 'held.lan' })).data.certificates[0].outcome,
    ).toBe('done');
    expect(await list('name=held.lan&state=held')).toEqual([serial]);
    expect(await crlSerials()).toContain(serial);
    await post('/private/certificates/actions/unhold', { serial });
    expect(await list('name=held.lan&state=good')).toEqual([serial]);
    expect(await crlSerials()).not.toContain(serial);
    expect(await post('/private/certificates/actions/unhold', { serial })).toMatchObject({
      code: 'unprocessable',
    });
    await post('/private/certificates/actions/hold', { serial });
    const done = await post('/private/certificates/actions/revoke', { serial, reason: 1 });
    expect(done.data.certificates[0].outcome).toBe('done');
    expect(await list('name=held.lan&state=revoked')).toEqual([serial]);
    expect(await post('/private/certificates/actions/unhold', { serial })).toMatchObject({
      code: 'unprocessable',
    });
  });

  it('revokes a revoked certificate again for keyCompromise only, and plans that too', async () => {
    const serial = await server('leaked.lan');
    const outcome = async (reason: string, more = {}) =>
      (await post('/private/certificates/actions/revoke', { serial, reason, ...more })).data.certificates[0]
        .outcome;
    expect(await outcome('superseded')).toBe('done');
    expect(await outcome('cessationOfOperation', { dry_run: true })).toBe('already');
    expect(await outcome('keyCompromise', { dry_run: true })).toBe('planned');
    expect(await outcome('keyCompromise')).toBe('done');
    expect((await ask(`/private/certificates/${serial}`)).data).toMatchObject({ reason: 'keyCompromise' });
    for (const reason of ['keyCompromise', 'superseded'])
      expect([await outcome(reason), await outcome(reason, { dry_run: true })]).toEqual([
        'already',
        'already',
      ]);
  });

  it('ends a hold here too, when the CA had ended it and its answer was lost', async () => {
    const serial = await server('half.lan');
    const account = anAccount();
    await world.store.createAccount(account);
    const order = anOrder(account);
    await world.store.createOrder(order, []);
    await world.store.recordIssuance(order.id, aCertificate(order, { serial }));
    const own = async () => (await world.store.findCertificateBySerial(serial))?.revocationReason;
    await post('/private/certificates/actions/hold', { serial });
    await world.tasks.call('unrevoke', { dn: BigInt(`0x${serial}`) });
    expect(await own()).toBe(6);
    const { data } = await post('/private/certificates/actions/unhold', { serial });
    expect(data.certificates[0].outcome).toBe('done');
    expect(await own()).toBe(null);
  });

  it.each([
    [{}, 'serial'],
    [{ serial: '01', name: 'x' }, 'serial'],
    [{ serial: 'xyz' }, 'serial'],
    [{ name: 'x', reason: 8 }, 'reason'],
    [{ name: 'x', reason: 'removeFromCRL' }, 'reason'],
    [{ name: 'x', more: 1 }, 'more'],
  ])('refuses %j and names the field', async (body, field) => {
    expect(await post('/private/certificates/actions/revoke', body)).toMatchObject({
      code: 'invalidRequest',
      field,
    });
  });

  it('is read by auditors, and changed by operators', async () => {
    const bob = await world.holder('bob');
    expect((await world.ask('/private/certificates', bob)).status).toBe(403);
    expect((await world.ask('/private/certificates')).status).toBe(401);
    const revoke = { method: 'POST', body: { serial: bob.serial } };
    expect((await world.ask('/private/certificates/actions/revoke', bob, revoke)).status).toBe(403);
  });
});
