import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import { serveWebRoot } from '../../kit/web-root.js';
import type { Client, Obtained } from '../client.js';
import type { World } from '../world.js';

/** acme-tiny, as published on PyPI: 200 lines of Python, http-01 only, no revocation. */
export const acmeTiny: Client = {
  name: 'acme-tiny',
  async install(tools) {
    const program = await tools.pip('acme-tiny');
    const said = await run(join(program, '../pip'), ['show', 'acme-tiny']);
    const version = /^Version: (.+)$/m.exec(said)?.[1] ?? 'unknown version';
    return { version, open: (world) => open(program, world) };
  },
};

async function open(program: string, world: World) {
  const webRoot = join(world.folder, 'web-root');
  await mkdir(webRoot);
  const stopWeb = await serveWebRoot(webRoot, world.httpPort);
  const web = world.name('web');
  await world.run('openssl', ['genrsa', '-out', 'account.key', '2048']);
  await world.run('openssl', [
    ...['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'web.key', '-out', 'web.csr'],
    ...['-subj', `/CN=${web}`, '-addext', `subjectAltName=DNS:${web}`],
  ]);
  const obtain = async (): Promise<Obtained> => ({
    name: web,
    chain: await world.run(program, [
      ...['--account-key', 'account.key', '--csr', 'web.csr', '--acme-dir', webRoot],
      ...['--directory-url', world.authority.directoryUrl, '--check-port', String(world.httpPort)],
      // Its own check in advance uses the system's resolver, which does not know our names.
      ...['--disable-check', '--contact', 'mailto:admin@acme-tiny.internal'],
    ]),
    key: await world.read('web.key'),
  });
  return { obtain: { 'http-01': obtain }, renew: obtain, close: stopWeb };
}
