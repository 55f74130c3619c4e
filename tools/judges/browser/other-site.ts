import { httpServer } from '../../kit/challenge-servers.js';
import type { Tools } from '../../kit/tools.js';
import { browserWithCertificate, certificateOf } from './own-store.js';
import type { World } from './world.js';

/** Requests that need no permission of the target (CORS), as a page can send them. */
const attempts = (base: string) => `
  const send = (path, more) => fetch('${base}/api/v1' + path, { method: 'POST', credentials: 'include', mode: 'no-cors', ...more }).catch(() => 0);
  const node = JSON.stringify({ cn: 'evil.example.test' });
  Promise.all([
    send('/private/crl/generate', {}),
    send('/private/crl/generate', { body: '' }),
    send('/private/nodes', { body: node }),
    send('/private/nodes', { body: node, headers: { 'content-type': 'text/plain' } }),
    send('/private/nodes', { body: new URLSearchParams({ cn: 'evil.example.test' }) }),
    send('/client/revoke', { body: '' }),
    send('/private/nodes', { body: new Blob([node], { type: 'application/json' }), mode: 'cors' }),
  ]).then(() => { document.title = 'sent'; });`;

/**
 * A browser with the administrator's certificate in its own certificate store, which presents it by itself. The console must work with
 * it, and requests from a page of another site must change nothing. @throws if one did
 */
export async function otherSite(world: World, executablePath: string, tools: Tools): Promise<void> {
  const { upki } = world;
  const own = { ...certificateOf(world, 'alice'), presented: true };
  const { context, close } = await browserWithCertificate(world, own, executablePath, tools);
  const evil = await httpServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    const form = `<form method="post" action="${upki.baseUrl}/api/v1/private/crl/generate"></form>`;
    response.end(
      request.url === '/form'
        ? `${form}<script>document.forms[0].submit()</script>`
        : `<script>${attempts(upki.baseUrl)}</script>`,
    );
  });
  try {
    const page = await context.newPage();
    await page.goto(`${upki.baseUrl}/console/`);
    await page.getByText('CN=alice').waitFor();
    const state = () =>
      page.evaluate<string>(`Promise.all(['/private/options', '/private/nodes', '/client/status'].map((path) =>
        fetch('/api/v1' + path, { headers: { accept: 'application/json' } }).then((answer) => answer.json())))
        .then(([options, nodes, status]) => JSON.stringify([options.data.crl.number, nodes.data.nodes.map(({ cn }) => cn), status.data.state]))`);
    const first = await state();
    // The same request from our own page succeeds: the ones below are refused because of their origin.
    const own = await page.evaluate<number>(
      "fetch('/api/v1/private/crl/generate', { method: 'POST' }).then(({ status }) => status)",
    );
    const before = await state();
    if (own !== 200 || before === first) throw new Error(`our own page was answered ${own}`);
    const site = `http://127.0.0.1:${evil.port}`;
    const other = await context.newPage();
    await other.goto(`${site}/`);
    await other.waitForFunction("document.title === 'sent'");
    const answer = other.waitForResponse((response) => response.url().endsWith('/crl/generate'));
    await other.goto(`${site}/form`);
    const { status } = { status: (await answer).status() };
    if (status < 400) throw new Error(`the form was answered ${status}`);
    const after = await state();
    if (after !== before) throw new Error(`it was ${before}, it is ${after}`);
  } finally {
    await evil.close();
    await close();
  }
}
