import { createHash, X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Listener } from '../../src/pages/landing.js';
import { publicPages } from '../../src/pages/public.js';
import { readRoots } from '../../src/pages/roots.js';
import { listen, standInCa } from '../rest/harness.js';

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

interface World {
  away?: boolean;
  roots?: number;
  listener?: Listener;
  plain?: number | null;
  pages?: number | null;
}

async function serve(options: World = {}) {
  const { ca, root } = await standInCa(options);
  const { listener = 'main', plain = 8001, pages = null } = options;
  const server = await listen((app) =>
    app.register(publicPages, {
      ...{ ca, version: '1.2.3', listener },
      baseUrl: () => 'https://ra.test:8000',
      ports: () => ({ plain, pages }),
    }),
  );
  closing.push(server.close);
  const all = readRoots(root).map(({ der }) => new X509Certificate(der));
  return { ...server, all, root: new X509Certificate(root) };
}

describe('the page at /', () => {
  it('is for browsers, and shows the root with its fingerprint, a QR code and the lines that check it', async () => {
    const { get, root } = await serve();
    const answer = await get('/', BROWSER);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('vary')).toBe('accept');
    const page = await answer.text();
    expect(page).toContain(root.fingerprint256);
    expect(page).toContain('<svg');
    const hash = createHash('sha256').update(root.raw).digest('hex');
    expect(page).toContain(`echo &#39;${hash}  upki-root.cer&#39; | sha256sum -c`);
    expect(page).toContain('http://ra.test:8001/trust/root.cer');
    for (const title of ['Windows', 'macOS', 'Alpine', 'Firefox', 'Java', 'Docker', 'Kubernetes', 'certbot'])
      expect(page).toContain(`<summary>${title}`);
  });

  it('has no script, and a policy that lets its one style sheet pass and nothing else', async () => {
    const { get } = await serve();
    const answer = await get('/', BROWSER);
    const page = await answer.text();
    expect(page).not.toMatch(/<script|\son\w+=|style="/);
    const [, style = ''] = /<style>([^<]*)<\/style>/.exec(page) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(answer.headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src https://ra.test:8000; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
  });

  it.each([
    undefined,
    '*/*',
    'application/json',
    'text/html;q=0, */*',
    'text/htmlx',
  ])('is no page for a program that accepts %s: a problem document, as before', async (accept) => {
    const { get } = await serve();
    const answer = await get('/', accept === undefined ? {} : { accept });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({ type: 'urn:ietf:params:acme:error:malformed' });
  });

  it('tests itself over plain HTTP by a picture that only a trusted root lets load', async () => {
    const plain = await (await serve({ listener: 'plain' })).get('/', BROWSER);
    expect(await plain.text()).toContain('src="https://ra.test:8000/trust/works.svg"');
    const tls = await (await serve()).get('/', BROWSER);
    expect(await tls.text()).not.toContain('<img');
  });

  it('fetches nothing from the listener that requests client certificates before the visitor starts the test', async () => {
    const page = await (await (await serve({ listener: 'plain' })).get('/', BROWSER)).text();
    const [test = ''] = /<details><summary>Test it[\s\S]*?<\/details>/.exec(page) ?? [];
    expect(test).toContain('<img loading="lazy"');
    expect(page.split('<img').length).toBe(2);
  });

  it('leads to the listener for visitors where there is one: its picture, its reference, its CRL', async () => {
    const answer = await (await serve({ listener: 'plain', pages: 443 })).get('/', BROWSER);
    const page = await answer.text();
    expect(page).toContain('src="https://ra.test/trust/works.svg"');
    expect(page).not.toContain('Test it');
    expect(answer.headers.get('content-security-policy')).toContain('img-src https://ra.test;');
    for (const path of ['/api/v1/docs', '/api/v1/public/crl'])
      expect(page).toContain(`href="https://ra.test${path}"`);
    expect(page).toContain('<code>https://ra.test:8000/acme/directory</code>');
  });

  it('fetches over HTTPS without trust where there is no plain listener, and compares in the same line', async () => {
    const { get } = await serve({ plain: null });
    const page = await (await get('/', BROWSER)).text();
    for (const [line] of page.matchAll(/curl -k[^\n]*/g)) expect(line).toMatch(/sum -c|shasum -a 256 -c/);
    expect(page).toContain('curl -kfsSo upki-root.cer https://ra.test:8000/trust/root.cer');
    expect(page).not.toMatch(/curl[^\n]*\| *(sudo )?sh\b/);
  });

  it('is 503 while the CA is away', async () => {
    const { get, errors } = await serve({ away: true });
    expect((await get('/', BROWSER)).status).toBe(503);
    expect(errors).toEqual([]);
  });
});

describe('the files of the root', () => {
  it('are DER, PEM and an Apple profile of the same certificate', async () => {
    const { get, root } = await serve();
    const der = await get('/trust/root.cer');
    expect(der.headers.get('content-type')).toBe('application/x-x509-ca-cert');
    expect(Buffer.from(await der.arrayBuffer()).equals(root.raw)).toBe(true);
    const pem = await (await get('/trust/root.crt')).text();
    expect(new X509Certificate(pem).fingerprint256).toBe(root.fingerprint256);
    const profile = await get('/trust/root.mobileconfig');
    expect(profile.headers.get('content-type')).toBe('application/x-apple-aspen-config');
    expect(await profile.text()).toContain(`<data>${root.raw.toString('base64')}</data>`);
    expect(await (await get('/trust/roots.crt')).text()).toBe(pem);
  });

  it.each([
    '/trust/root-2.cer',
    '/trust/root-2.mobileconfig',
    '/trust/roots.cer',
    '/trust/root.pem',
    '/trust/root-1.cer',
    '/trust/..%2f..%2fetc',
  ])('%s is none of them', async (path) => {
    const { get } = await serve();
    expect((await get(path)).status).toBe(404);
  });
});
