import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { mobileconfig } from '../../src/pages/mobileconfig.js';
import { publicPages } from '../../src/pages/public.js';
import { type Root, readRoots } from '../../src/pages/roots.js';
import { trustLines } from '../../src/pages/trust-lines.js';
import { newFolder } from '../../tools/kit/folder.js';
import { listen, standInCa } from '../rest/harness.js';

const run = promisify(execFile);
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** An RA that gives out two roots, as while its root is being replaced. */
async function world() {
  const { ca, root } = await standInCa({ roots: 2 });
  const server = await listen((app) =>
    app.register(publicPages, {
      ...{ ca, version: '1', listener: 'plain' },
      baseUrl: () => 'https://ra.test:8000',
      ports: () => ({ plain: 8001, pages: null }),
    }),
  );
  closing.push(server.close);
  return { ...server, roots: readRoots(root) };
}

const linesFor = (roots: readonly Root[], base: string) =>
  trustLines(
    roots.map((root, index) => ({
      root,
      url: `${base}/trust/root${index === 0 ? '' : `-${index + 1}`}.cer`,
    })),
  );

const certificatesIn = (pem: string) => readRoots(pem).map(({ sha256 }) => sha256);

describe('while a root is being replaced', () => {
  it('the page names both roots, each with its fingerprint, its files and its own link', async () => {
    const { get, roots } = await world();
    const page = await (await get('/', { accept: 'text/html' })).text();
    expect(page).toContain('The root is being replaced.');
    for (const { der, sha256 } of roots) {
      expect(page).toContain(new X509Certificate(der).fingerprint256);
      expect(page).toContain(`id="sha256-${sha256}"`);
    }
    for (const path of ['/trust/root.cer', '/trust/root-2.cer', '/trust/roots.crt'])
      expect(page).toContain(`href="${path}"`);
  });

  it('every list of lines compares both fingerprints before it changes anything', async () => {
    const { roots } = await world();
    const lists = linesFor(roots, 'http://ra.test:8001');
    expect(lists.length).toBeGreaterThan(10);
    for (const { title, lines } of lists) {
      const text = lines.join('\n');
      const places = roots.map(({ sha256 }) => text.toLowerCase().indexOf(sha256.toLowerCase()));
      const change = text.search(/sudo|certutil -d|keytool|Import-Certificate|install -|export |kubectl/);
      expect([title, places.every((place) => place >= 0)]).toEqual([title, true]);
      expect([title, change > Math.max(...places)]).toEqual([title, true]);
    }
  });

  it('the lines leave a bundle of both roots behind, and nothing when one of them is another', async () => {
    const { roots, port } = await world();
    const lines = (of: readonly Root[]) =>
      linesFor(of, `http://127.0.0.1:${port}`)
        .find(({ title }) => title === 'Python')
        ?.lines.join('\n') ?? '';
    const cwd = newFolder();
    const file = join(cwd, 'upki-root.crt');
    await run('sh', ['-c', lines(roots)], { cwd });
    const bundle = await readFile(file, 'utf8');
    expect(certificatesIn(bundle)).toEqual(roots.map(({ sha256 }) => sha256));
    await writeFile(file, 'as it was');
    const [first] = roots;
    const forged = roots.map((root) => (root === first ? root : { ...root, sha256: 'A'.repeat(64) }));
    await expect(run('sh', ['-c', lines(forged)], { cwd })).rejects.toThrow();
    expect(await readFile(file, 'utf8')).toBe('as it was');
  });

  it('the Apple profile and the PEM bundle hold both', async () => {
    const { get, roots } = await world();
    const profile = await (await get('/trust/root.mobileconfig')).text();
    for (const { der, sha256 } of roots) {
      expect(profile).toContain(`<data>${der.toString('base64')}</data>`);
      expect(profile).toContain(sha256);
    }
    const identifiers = [...profile.matchAll(/<key>PayloadUUID<\/key><string>([^<]+)/g)].map(([, id]) => id);
    expect(new Set(identifiers).size).toBe(3);
    expect(certificatesIn(await (await get('/trust/roots.crt')).text())).toEqual(
      roots.map(({ sha256 }) => sha256),
    );
  });

  it('the profile replaces the one that a device has of the older root, in either order', async () => {
    const { roots } = await world();
    const dated = roots.map((root, index) => ({ ...root, notBefore: index }));
    const identifier = (profile: string) => /upki\.root\.[0-9a-f]{64}(?=<)/.exec(profile)?.[0];
    const alone = identifier(mobileconfig(dated.slice(0, 1)));
    expect(identifier(mobileconfig(dated))).toBe(alone);
    expect(identifier(mobileconfig([...dated].reverse()))).toBe(alone);
  });
});
