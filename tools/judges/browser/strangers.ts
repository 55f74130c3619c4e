import type { Page } from 'playwright-core';
import { AcmeClient } from '../../kit/acme-client.js';
import { httpServer } from '../../kit/challenge-servers.js';
import { STRANGER, type World } from './world.js';

/** Short enough for the quoted part of a web server's response. */
const MARKUP = '<img src=x onerror=struck=1>';

/** Has strangers and a careless administrator write markup wherever the console shows their text. */
async function plant({ upki, challengePort }: World, page: Page): Promise<string> {
  const server = await httpServer((_, response) => void response.end(MARKUP), '127.0.0.1', challengePort);
  const client = new AcmeClient({ directoryUrl: upki.directoryUrl, ca: upki.rootPem });
  try {
    await client.newAccount({ contact: ["mailto:'onerror=struck=1'@example.test"] });
    const { body } = await client.newOrder([STRANGER]);
    const [url = ''] = body.authorizations;
    const { challenges } = await client.authz(url);
    await client.respond(challenges.find(({ type }) => type === 'http-01')?.url ?? '');
    await client.poll(url, ({ status }: { status: string }) => status === 'invalid');
  } finally {
    client.close();
    await server.close();
  }
  const asked = await page.evaluate<number[]>(`Promise.all([
    ['DELETE', '/private/nodes/' + encodeURIComponent(${JSON.stringify(MARKUP)})],
    ['POST', '/private/admins', { dn: ${JSON.stringify(`CN=${MARKUP.replaceAll('=', '\\=')},OU=Admins`)}, role: 'auditor' }],
    ['POST', '/private/nodes', { cn: ${JSON.stringify(MARKUP)} }],
  ].map(([method, path, body]) => fetch('/api/v1' + path, {
    method, body: body && JSON.stringify(body), headers: body ? { 'content-type': 'application/json' } : {},
  }).then(({ status }) => status)))`);
  if (asked.some((status) => status >= 500)) throw new Error(`the RA answered ${asked}`);
  return (client.accountUrl ?? '').split('/').at(-1) ?? '';
}

/** Strangers' text is shown as text on every page. @throws if a page made an element of it */
export async function wordsAreText(
  world: World,
  page: Page,
  at: (name: string) => Promise<void>,
): Promise<void> {
  await at('nodes');
  const account = await plant(world, page);
  const shown: [name: string, text: string][] = [
    ['accounts', "'onerror=struck=1'@example.test"],
    [`accounts/${account}`, MARKUP],
    ['failures', MARKUP],
    ['audit', MARKUP],
    ['administrators', 'onerror'],
  ];
  for (const [name, text] of shown) {
    await at(name);
    await page.locator('main').getByText(text).first().waitFor();
    const struck = await page.evaluate<boolean>(
      "'struck' in globalThis || document.querySelector('main img, main script') !== null",
    );
    if (struck) throw new Error(`${name} has made an element of it`);
  }
}
