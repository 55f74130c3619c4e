import { X509Certificate } from 'node:crypto';
import type { Page } from 'playwright-core';
import { readRoots } from '../../../src/pages/roots.js';
import { until } from '../../kit/until.js';
import type { World } from './world.js';

/** Milliseconds within which an RA must follow its CA. */
const LIMIT = 60_000;

/** Begins a root rollover: the page must then show both roots, each with its fingerprint. @throws if it does not */
export async function pageHasBothRoots(world: World, page: Page): Promise<void> {
  const { upki, upkiCommand, fingerprint } = world;
  await upkiCommand('ca', 'rollover', 'root', '-d', `${upki.dataDir}/ca`);
  const plain = `http://localhost:${upki.ports.http}`;
  const roots = await until(LIMIT, async () => {
    const given = readRoots(await (await fetch(`${plain}/trust/roots.crt`)).text());
    if (given.length !== 2) throw new Error(`the RA gives out ${given.length} roots`);
    return given;
  });
  const fingerprints = roots.map(({ der }) => new X509Certificate(der).fingerprint256);
  if (!fingerprints.includes(fingerprint)) throw new Error(`the first root is gone: ${fingerprints}`);
  await page.goto(`${plain}/`);
  await page.getByText('The root is being replaced.').waitFor();
  for (const each of fingerprints) await page.getByText(each).waitFor();
}
