import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newKey, requestPem } from '../../support/requests.js';
import { JoinedWorld } from '../../support/world/joined.js';

const world = new JoinedWorld();
afterAll(() => world.close());

interface Summary {
  cn: string;
  serial: string;
  state: string;
  reason?: string;
  revoked_at?: string;
}

/** Serials by name. */
const issued: Record<string, string> = {};

beforeAll(async () => {
  await world.start();
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    const csr = requestPem([`${name}.example.test`]);
    issued[name] = (await world.tasks.call('sign', { csr })).serial;
  }
  await world.tasks.call('revoke', { dn: 'b.example.test', reason: 'superseded' });
});

const data = async (path: string) => (await world.ask(path)).json.data;

/** All pages of a listing. */
async function pages(query: string): Promise<Summary[][]> {
  const all: Summary[][] = [];
  let cursor = '';
  do {
    const page = (await data(`/public/certs?${query}${cursor}`)) as {
      certificates: Summary[];
      next: string | null;
    };
    all.push(page.certificates);
    if (page.next === null) return all;
    cursor = `&cursor=${page.next}`;
  } while (all.length < 100);
  throw new Error('the listing does not end');
}

const named = (certificates: Summary[]) =>
  certificates
    .map(({ cn }) => cn)
    .filter((cn) => cn.endsWith('.example.test'))
    .sort();

describe('public/certs', () => {
  it('lists every certificate once, page by page, by serial', async () => {
    const all = (await pages('limit=2')).flat();
    expect((await pages('limit=2')).every((page) => page.length <= 2)).toBe(true);
    expect(all.map(({ serial }) => serial)).toEqual([...new Set(all.map(({ serial }) => serial))].sort());
    expect(named(all)).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.example.test`));
    expect(all.map(({ serial }) => serial)).toEqual(expect.arrayContaining(Object.values(issued)));
  });

  it('filters by state', async () => {
    const revoked = (await pages('state=revoked')).flat();
    expect(revoked).toMatchObject([{ cn: 'b.example.test', state: 'revoked', reason: 'superseded' }]);
    expect(named((await pages('state=good')).flat())).not.toContain('b.example.test');
    expect((await pages('state=expired')).flat()).toEqual([]);
  });

  it('filters by common name, and by when they expire', async () => {
    expect(named((await pages('cn=c.example.test')).flat())).toEqual(['c.example.test']);
    expect((await pages('cn=nobody')).flat()).toEqual([]);
    const soon = new Date(Date.now() + 59 * 86_400_000).toISOString();
    const later = new Date(Date.now() + 61 * 86_400_000).toISOString();
    expect(named((await pages(`expires_before=${soon}`)).flat())).toEqual([]);
    expect(named((await pages(`expires_before=${later}&limit=3`)).flat())).toHaveLength(5);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=501', 'limit'],
    ['limit=many', 'limit'],
    ['state=lost', 'state'],
    ['expires_before=tomorrow', 'expires_before'],
    ['cn=', 'cn'],
    ['order=desc', 'order'],
    ['cn=a&cn=b', 'cn'],
  ])('refuses %s with 400 naming the field', async (query, field) => {
    const { status, json } = await world.ask(`/public/certs?${query}`);
    expect([status, json]).toMatchObject([400, { code: 'invalidRequest', field }]);
  });

  it('an invalid cursor is not an error and cannot exceed the limit', async () => {
    const { json } = await world.ask('/public/certs?limit=1&cursor=%00%27%20OR%201=1');
    expect((json.data as { certificates: Summary[] }).certificates.length).toBeLessThan(2);
  });

  it('shows the newest certificate of a name with the earlier ones, never a key', async () => {
    const { certificate } = await world.tasks.call('sign', { csr: requestPem(['a.example.test']) });
    const found = await data('/public/certs/a.example.test');
    expect(found).toMatchObject({
      cn: 'a.example.test',
      state: 'good',
      certificate: certificate.slice(0, certificate.indexOf('-----END') + 26),
      sans: [{ type: 'DNS', value: 'a.example.test' }],
      history: [{ serial: issued.a }],
    });
    expect(JSON.stringify(found)).not.toContain('PRIVATE');
  });

  it('shows only servers, never people, machines that are only clients, or administrators, with any filter', async () => {
    const key = newKey();
    await world.ca.administrator('Alice Admin', key);
    await world.tasks.call('sign', { csr: requestPem([], { cn: 'Ada Person' }), profile: 'user' });
    await world.tasks.call('sign', { csr: requestPem(['both.corp.test']), profile: 'webapp' });
    const everything = (await pages('limit=500')).flat().map(({ cn }) => cn);
    expect(everything).toContain('both.corp.test');
    expect(everything.filter((cn) => /Alice|Ada/.test(cn))).toEqual([]);
    for (const name of ['Alice Admin', 'Ada Person']) {
      const cn = encodeURIComponent(name);
      expect((await pages(`cn=${cn}`)).flat()).toEqual([]);
      const { status, json } = await world.ask(`/public/certs/${cn}`);
      expect([status, json]).toMatchObject([404, { code: 'notFound', field: 'cn' }]);
    }
  });

  it('is 404 for a name no certificate has', async () => {
    const { status, json } = await world.ask('/public/certs/nobody.example.test');
    expect([status, json]).toMatchObject([404, { code: 'notFound', field: 'cn' }]);
  });
});

describe('public/certs, turned off by UPKI_RA_PUBLIC_CERTS=false', () => {
  const off = new JoinedWorld({ api: { publicCertificates: false } });
  beforeAll(async () => {
    await off.start();
  });
  afterAll(() => off.close());

  it('is 404 for everyone, and not in the OpenAPI document', async () => {
    for (const path of ['/public/certs', '/public/certs/a.example.test', '/public/certs?limit=1']) {
      expect((await off.ask(path)).status).toBe(404);
    }
    expect((await off.ask('/openapi.json')).text).not.toContain('public/certs');
    expect((await off.ask('/public/profiles')).status).toBe(200);
  });
});
