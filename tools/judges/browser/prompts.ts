import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { landingPage } from '../../../src/pages/landing.js';
import { readRoots } from '../../../src/pages/roots.js';
import { httpServer } from '../../kit/challenge-servers.js';
import { run } from '../../kit/command.js';
import { CLIENT_AUTH, createTestPki } from '../../kit/test-pki.js';
import type { Tools } from '../../kit/tools.js';
import { browserWithCertificate, certificateOf, type OwnCertificate } from './own-store.js';
import type { World } from './world.js';

/** The image of the browser test has loaded. */
const SHOWN = "document.querySelector('img')?.naturalWidth > 0";

/**
 * The holder of a certificate of this PKI is not prompted for it on the pages for visitors: Chromium, which no user can answer here, loads
 * them. @throws if one is not loaded
 */
export async function holderIsNotAsked(world: World, executablePath: string, tools: Tools): Promise<void> {
  const own = { ...certificateOf(world, 'alice'), presented: false };
  await inBrowser(world, own, executablePath, tools, async (context) => {
    const page = await context.newPage();
    await page.goto(`http://localhost:${world.upki.ports.http}/`);
    await page.getByText(world.fingerprint).waitFor();
    await page.waitForFunction(SHOWN);
    await page.goto(`${world.visitors}/`);
    await page.getByText(world.fingerprint).waitFor();
    await page.getByRole('link', { name: 'reference' }).first().click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await withoutVisitorsListener(world, async (base) => {
      await page.goto(`${base}/`);
      await page.getByText(world.fingerprint).waitFor();
    });
  });
}

/** The holder of a certificate of another PKI is never prompted, and presents nothing. @throws if they are */
export async function strangerIsNotAsked(world: World, executablePath: string, tools: Tools): Promise<void> {
  const { key, cert } = createTestPki('Another Root').leaf({ commonName: 'eve', usages: [CLIENT_AUTH] });
  const { dataDir } = world.upki;
  const [pem, file] = [join(dataDir, 'stranger.pem'), join(dataDir, 'stranger.p12')];
  const passphraseFile = join(dataDir, 'passphrase');
  await writeFile(pem, key + cert, { mode: 0o600 });
  await run('openssl', ['pkcs12', '-export', '-in', pem, '-out', file, '-passout', `file:${passphraseFile}`]);
  for (const presented of [true, false]) {
    await inBrowser(world, { file, passphraseFile, presented }, executablePath, tools, async (context) => {
      const page = await context.newPage();
      await page.goto(`${world.upki.baseUrl}/`);
      await page.getByText(world.fingerprint).waitFor();
      await page.goto(`${world.upki.baseUrl}/console/`);
      await page.getByText('Import your administrator').waitFor();
    });
  }
}

/** The page that an RA without a listener for visitors serves over plain HTTP. */
async function withoutVisitorsListener(world: World, use: (base: string) => Promise<void>): Promise<void> {
  const content = landingPage({
    ...{ roots: readRoots(world.upki.rootPem), qrCodes: [''], version: '1', listener: 'plain' },
    ...{ base: world.upki.baseUrl, plainBase: null, visitorsBase: null },
  });
  const server = await httpServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(content);
  });
  try {
    await use(`http://127.0.0.1:${server.port}`);
  } finally {
    await server.close();
  }
}

async function inBrowser(
  world: World,
  own: OwnCertificate,
  executablePath: string,
  tools: Tools,
  use: (context: BrowserContext) => Promise<void>,
): Promise<void> {
  const { context, close } = await browserWithCertificate(world, own, executablePath, tools);
  try {
    await use(context);
  } finally {
    await close();
  }
}
