import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { consoleRoutes } from '../../src/pages/console-routes.js';
import { CHECKOUT } from '../../tools/kit/upki.js';
import { listen } from '../rest/harness.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function serve() {
  const server = await listen((app) =>
    app.register(consoleRoutes, { folder: join(CHECKOUT, 'dist', 'console') }),
  );
  closing.push(server.close);
  return server;
}

it('the page runs only scripts and styles of its own origin, and the import map by its hash', async () => {
  const { get } = await serve();
  const answer = await get('/console/');
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const page = await answer.text();
  const [, map = ''] = /<script type="importmap">([^<]*)</.exec(page) ?? [];
  const hash = createHash('sha256').update(map).digest('base64');
  expect(answer.headers.get('content-security-policy')).toBe(
    `default-src 'none'; script-src 'self' 'sha256-${hash}'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(answer.headers.get('cross-origin-opener-policy')).toBe('same-origin');
  expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
});

it('everything the page names is in the package, and nothing is fetched from elsewhere', async () => {
  const { get } = await serve();
  const seen = new Set<string>();
  const follow = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const answer = await get(path);
    expect([path, answer.status]).toEqual([path, 200]);
    const text = await answer.text();
    if (path.startsWith('/console/vendor/')) return;
    expect(text).not.toMatch(/(?:src|href|from|import)\s*[=(]?\s*["']https?:/);
    const named = [
      ...text.matchAll(/(?:src=|href=|from |"[a-z/]+":)["'](\.?\/?[\w./-]+\.(?:m?js|css|svg))["']/g),
    ];
    for (const [, name = ''] of named) await follow(new URL(name, `http://x${path}`).pathname);
  };
  await follow('/console/');
  expect(seen.size).toBeGreaterThan(15);
  for (const name of ['preact', 'hooks', 'htm', 'htm-preact'])
    expect(seen).toContain(`/console/vendor/${name}.mjs`);
});

it('a browser that has a file gets 304', async () => {
  const { get } = await serve();
  const etag = (await get('/console/main.js')).headers.get('etag') ?? '';
  expect((await get('/console/main.js', { 'if-none-match': etag })).status).toBe(304);
});

it.each([
  '/console/..%2fcli/main.js',
  '/console/%2e%2e/cli/main.js',
  '/console/main.js.map',
  '/console/api',
])('%s is not served', async (path) => {
  const { get } = await serve();
  expect((await get(path)).status).toBe(404);
});
