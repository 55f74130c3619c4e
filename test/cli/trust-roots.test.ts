import { afterAll, beforeAll, expect, it } from 'vitest';
import { fetchedRoots } from '../../src/cli/trust/root-source.js';
import { publicPages } from '../../src/pages/public.js';
import { type Root, readRoots } from '../../src/pages/roots.js';
import { createTestPki } from '../../tools/kit/test-pki.js';
import { listen } from '../rest/harness.js';

let server: Awaited<ReturnType<typeof listen>>;
let roots: Root[];
let url: string;

/** An RA that gives out two roots, as while its root is being replaced. */
beforeAll(async () => {
  const root = createTestPki().root + createTestPki('Another Root').root;
  const ca = { caCertificates: async () => ({ root, chain: '' }) };
  roots = readRoots(root);
  server = await listen((app) =>
    app.register(publicPages, {
      ...{ ca, version: '1', listener: 'plain' },
      baseUrl: () => 'https://ra.test:8000',
      ports: () => ({ plain: 8001, pages: null }),
    }),
  );
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.close());

const prints = (of: readonly Root[]) => of.map(({ sha256 }) => sha256);

it('of two roots upki trust uses the one with the given fingerprint, and reports the other', async () => {
  for (const wanted of prints(roots)) {
    const fetched = await fetchedRoots(url, [wanted]);
    expect(prints(fetched.roots)).toEqual([wanted]);
    expect(prints(fetched.others)).toEqual(prints(roots).filter((each) => each !== wanted));
  }
});

it('given the fingerprints of both it uses both', async () => {
  const fetched = await fetchedRoots(url, prints(roots).reverse());
  expect(prints(fetched.roots)).toEqual(prints(roots));
  expect(fetched.others).toEqual([]);
});

it('a fingerprint of neither stops it, and names both that are there', async () => {
  const [first = ''] = prints(roots);
  const asked = fetchedRoots(url, [first, 'A'.repeat(64)]);
  await expect(asked).rejects.toThrow(prints(roots).join(', '));
  await expect(asked).rejects.toThrow(`not ${'A'.repeat(64)}: nothing was changed`);
});
