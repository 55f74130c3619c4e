import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { operations } from '../../../src/channel/tasks/index.js';
import type { TaskClient } from '../../../src/channel/typed-client.js';
import { CaRefused, CaUnavailable } from '../../../src/model/ca.js';
import { CaClient } from '../../../src/ra/ca/client.js';
import { parseCertificate, subjectAltNames } from '../../../src/x509/certificate.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { newKey, requestPem } from '../../support/requests.js';
import { CaWorld, SEED } from '../../support/world/ca.js';

const world = new CaWorld({}, {}, null, {
  sealed: 'duration: 1\nkeyUsage: [keyEncipherment]\nextendedKeyUsage: [serverAuth]',
});
let ra: TaskClient<typeof operations>;
beforeAll(async () => {
  await world.start();
  ra = await world.registered();
});
afterAll(() => world.close());

const leaf = (pem: string) => parseCertificate(firstFromPem('CERTIFICATE', pem));

describe('tasks of the Python contract', () => {
  it('generate and register keep the key at the CA, for its owner only', async () => {
    const made = await ra.call('generate', { cn: 'Ada Lovelace', profile: 'user' });
    expect(made.dn).toBe('/CN=Ada Lovelace');
    const registered = await ra.call('register', { seed: SEED, cn: 'Grace Hopper', profile: 'user' });
    const folder = join(world.dataDir, 'private');
    expect(await readdir(folder)).toEqual(
      expect.arrayContaining([`${made.serial}.key`, `${registered.serial}.key`]),
    );
    expect((await stat(join(folder, `${made.serial}.key`))).mode & 0o777).toBe(0o600);
    await expect(ra.call('register', { seed: 'wrong', cn: 'x', profile: 'user' })).rejects.toMatchObject({
      message: 'Invalid registration seed',
    });
    await expect(ra.call('get_node', { cn: 'Ada Lovelace' })).resolves.toMatchObject({ profile: 'user' });
  });

  it('issues for as many names as an RA may allow in an order', async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `n${index}.many.example.test`);
    const { certificate } = await ra.call('acme_issue_certificate', {
      order_id: 'many',
      csr: requestPem(names),
      identifiers: names.map((value) => ({ type: 'dns', value })),
    });
    expect(subjectAltNames(leaf(certificate))).toHaveLength(1000);
  });

  it('refuses a key that none of the profile’s usages fits', async () => {
    const request = { csr: requestPem(['a.example.test']), profile: 'sealed' };
    await expect(ra.call('sign', request)).rejects.toMatchObject({
      kind: 'badCSR',
      message: expect.stringContaining('which no P-256 key has'),
    });
  });

  it('renew certifies the same key and names for the requested days, and refuses revoked certificates', async () => {
    const key = newKey();
    const old = await ra.call('sign', { csr: requestPem(['old.example.test', 'two.example.test'], { key }) });
    const renewed = await ra.call('renew', { dn: 'old.example.test', duration: 7 });
    expect(renewed.serial).not.toBe(old.serial);
    expect(leaf(renewed.certificate).spki).toEqual(leaf(old.certificate).spki);
    const { sans, not_after } = await ra.call('view', { dn: BigInt(`0x${renewed.serial}`) });
    expect(sans.map(({ value }) => value)).toEqual(['old.example.test', 'two.example.test']);
    expect(Math.round((not_after - Date.now()) / 86_400_000)).toBe(7);
    await expect(ra.call('renew', { dn: 'old.example.test', duration: 3000 })).rejects.toMatchObject({
      code: 300,
    });
    await ra.call('revoke', { dn: 'old.example.test' });
    await expect(ra.call('renew', { dn: 'old.example.test' })).rejects.toMatchObject({
      kind: 'alreadyRevoked',
    });
  });

  it('delete revokes the certificate and hides it from listings, but it is still found by serial', async () => {
    const { serial } = await ra.call('generate', { cn: 'Gone', profile: 'user' });
    await expect(ra.call('delete', { dn: 'Gone' })).resolves.toBe(true);
    await expect(ra.call('view', { dn: 'Gone' })).rejects.toMatchObject({ kind: 'notFound' });
    await expect(ra.call('get_node', { cn: 'Gone' })).rejects.toMatchObject({ kind: 'notFound' });
    await expect(ra.call('ocsp_check', { serial: `0x${serial}` })).resolves.toMatchObject({
      status: 'revoked',
      revoke_reason: 'cessationOfOperation',
    });
  });

  it('ocsp_check answers good and unknown; a certificate of another issuer is unknown', async () => {
    const { certificate } = await ra.call('sign', { csr: requestPem(['good.example.test']) });
    await expect(ra.call('ocsp_check', { cert: certificate })).resolves.toMatchObject({ status: 'good' });
    const { root } = await ra.call('get_ca_chain', {});
    await expect(ra.call('ocsp_check', { cert: root })).resolves.toMatchObject({ status: 'unknown' });
    await expect(ra.call('ocsp_check', {})).rejects.toMatchObject({ message: 'Missing cert parameter' });
  });

  it('makes no CA certificates', async () => {
    await expect(ra.call('generate', { cn: 'Sub', profile: 'ca' })).rejects.toMatchObject({ code: 500 });
    await expect(ra.call('sign', { csr: requestPem(['a.test']), profile: 'ca' })).rejects.toMatchObject({
      code: 500,
    });
  });

  it('a brief listing and search have every fact but the certificate; the listing tells which are for servers', async () => {
    const name = 'brief.example.test';
    await ra.call('sign', { csr: requestPem([name]) });
    await ra.call('sign', { csr: requestPem([], { cn: 'Brief Person' }), profile: 'user' });
    const { certificates: whole } = await ra.call('list_certificates', { cn: name });
    const facts = whole.map(({ certificate: _, ...rest }) => rest);
    const listed = async (cn: string) =>
      (await ra.call('list_certificates', { cn, brief: true })).certificates;
    expect(await listed(name)).toEqual(facts.map((each) => ({ ...each, server_auth: true })));
    expect(await listed('Brief Person')).toMatchObject([{ server_auth: false }]);
    for (const search of [{ name }, { serials: facts.map(({ serial }) => BigInt(`0x${serial}`)) }]) {
      const found = (await ra.call('search_certificates', { ...search, brief: true })).certificates;
      expect(found).toMatchObject(facts);
      expect(found[0]).not.toHaveProperty('certificate');
    }
    const older = { call: async () => ({ certificates: whole, next: null }) };
    const client = new CaClient({ client: older as never });
    expect((await client.list({ after: null, limit: 1 })).certificates).toMatchObject([{ forServers: true }]);
  });

  it('removeFromCRL is refused as a reason to revoke (RFC 5280 §5.3.1)', async () => {
    await ra.call('sign', { csr: requestPem(['kept.example.test']) });
    await expect(ra.call('revoke', { dn: 'kept.example.test', reason: 8 })).rejects.toMatchObject({
      code: 200,
    });
    await expect(ra.call('revoke', { dn: 'kept.example.test', reason: 7 })).rejects.toMatchObject({
      code: 200,
    });
    await expect(
      ra.call('ocsp_check', { cert: (await ra.call('view', { dn: 'kept.example.test' })).certificate }),
    ).resolves.toMatchObject({ status: 'good' });
  });

  it('lists certificates and nodes page by page', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof ra.call<'list_certificates'>>> = await ra.call(
        'list_certificates',
        {
          limit: 2,
          ...(after === null ? {} : { after }),
        },
      );
      seen.push(...page.certificates.map(({ serial }) => serial));
      after = page.next;
    } while (after !== null);
    const all = (await ra.call('list_certificates', {})).certificates.map(({ serial }) => serial);
    expect(seen).toEqual(all);
    const [first, second] = await ra.call('list_nodes', { limit: 2 });
    expect(await ra.call('list_nodes', { limit: 1, after: first?.cn ?? '' })).toEqual([second]);
  });
});

describe('copies of ACME objects', () => {
  it('are stored, listed and deactivated', async () => {
    const account = {
      account_id: 'a1',
      jwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
      created_at: '2026-01-02T03:04:05.000Z',
    };
    const order = {
      order_id: 'o1',
      account_id: 'a1',
      identifiers: [{ type: 'dns' as const, value: 'a.test' }],
    };
    const authorization = {
      auth_id: 'z1',
      order_id: 'o1',
      identifier_type: 'dns' as const,
      identifier_value: 'a.test',
    };
    await ra.call('acme_sync_account', account);
    await ra.call('acme_sync_order', order);
    await ra.call('acme_sync_authorization', authorization);
    const kept = { ...account, contact: [], status: 'valid', created_at: Date.parse(account.created_at) };
    expect(await ra.call('acme_get_account', { account_id: 'a1' })).toEqual(kept);
    expect(await ra.call('acme_list_accounts', {})).toEqual([kept]);
    expect(await ra.call('acme_list_orders', { account_id: 'a1' })).toEqual([
      { ...order, status: 'pending' },
    ]);
    expect(await ra.call('acme_list_orders', { account_id: 'other' })).toEqual([]);
    expect(await ra.call('acme_get_order', { order_id: 'o1' })).toMatchObject(order);
    await ra.call('acme_deactivate_account', { account_id: 'a1' });
    await ra.call('acme_deactivate_authorization', { auth_id: 'z1' });
    expect(await ra.call('acme_get_account', { account_id: 'a1' })).toEqual({
      ...kept,
      status: 'deactivated',
    });
    expect(await ra.call('acme_get_authorization', { auth_id: 'z1' })).toMatchObject({
      status: 'deactivated',
    });
    await expect(ra.call('acme_get_order', { order_id: 'none' })).rejects.toMatchObject({ kind: 'notFound' });
  });
});

describe('the CA as the RA knows it', () => {
  const request = (orderId: string, csr: string, value = 'site.example.test') => ({
    orderId,
    accountId: 'account',
    profile: 'server',
    identifiers: [{ type: 'dns' as const, value }],
    csr: firstFromPem('CERTIFICATE REQUEST', csr),
    notBefore: null,
    notAfter: null,
  });

  it('issues, returns the same certificate again, revokes, and serves CRL, profiles and certificates', async () => {
    const ca = new CaClient({ client: ra });
    await ca.ping();
    const wanted = request('order', requestPem(['site.example.test']));
    expect(await ca.hasIssued('order')).toBe(false);
    const issued = await ca.issue(wanted);
    expect(await ca.issue(wanted)).toEqual(issued);
    expect(await ca.hasIssued('order')).toBe(true);
    expect(leaf(issued.chain).serial).toBe(issued.serial);
    expect(await ca.revoke(issued.serial, 1)).toEqual({ already: false });
    expect(await ca.revoke(issued.serial, null)).toEqual({ already: true });
    expect(parseCrl(await ca.crl()).entries).toContainEqual(
      expect.objectContaining({ serial: issued.serial, reason: 1 }),
    );
    expect(await ca.profiles()).toContainEqual(
      expect.objectContaining({ name: 'server', maxValidity: 60 * 86_400_000 }),
    );
    const { root, chain } = await ca.caCertificates();
    expect(leaf(chain).issuer).toEqual(leaf(root).subject);
    expect(issued.chain.endsWith(chain)).toBe(true);
    await expect(ca.revoke('00ff', null)).rejects.toMatchObject({ name: 'CaRefused', kind: 'notFound' });
  });

  it('answers badCSR to a request with other names', async () => {
    const ca = new CaClient({ client: ra });
    const refused = ca.issue(request('bad', requestPem(['evil.example.test'])));
    await expect(refused).rejects.toBeInstanceOf(CaRefused);
    await expect(refused).rejects.toMatchObject({ kind: 'badCSR' });
  });

  it('is unavailable while the CA is unreachable, but caches profiles and certificates', async () => {
    let now = 0;
    const ca = new CaClient({ client: ra, now: () => now, cacheFor: 10 });
    const known = await ca.profiles();
    await ca.caCertificates();
    await world.stop();
    now = 1000;
    await expect(ca.ping()).rejects.toBeInstanceOf(CaUnavailable);
    await expect(ca.issue(request('later', requestPem(['site.example.test'])))).rejects.toBeInstanceOf(
      CaUnavailable,
    );
    expect(await ca.profiles()).toEqual(known);
    await expect(new CaClient({ client: ra }).profiles()).rejects.toBeInstanceOf(CaUnavailable);
    await world.start();
  });
});
