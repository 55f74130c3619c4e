import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialOf } from '../scene.js';
import { check, type Stage } from '../stage.js';
import { fetchFrom } from './our-ra.js';
import { directory } from './python-alone.js';

/** Both programs are migrated, and their old clients use them. */
export async function migrated({ scene, root, running, kept, step }: Stage): Promise<void> {
  const { ports } = scene;
  const server = directory(ports.front);
  const name = 'old.python.interop';
  const dataDir = join(scene.folder, 'ours');
  const crl = () => fetchFrom(`https://127.0.0.1:${ports.front}/api/v1/public/crl`, root);
  await step('upki migrate, a second time, brings the RA and what is new', async () => {
    const python = join(scene.folder, 'python/.upki');
    const report = await scene.upki([
      ...['migrate', '--from-python', join(python, 'ca'), join(python, 'ra')],
      ...['-d', dataDir],
    ]);
    check(/migrated before/.test(report) && /accounts +1\n/.test(report), report);
    check(/orders and their certificates +[3-9]\n/.test(report), report);
  });
  await step('our CA and RA start on it, encrypted, under the old URL', async () => {
    const both = await scene.startBoth(dataDir);
    running.set('both', { stop: async () => void (await both.stop()) });
    check(both.rootPem.trim() === (await readFile(root, 'utf8')).trim(), 'they have another root');
  });
  await step('certificates issued before still validate, and what was revoked is on the CRL', async () => {
    await scene.verify(kept.get('old') ?? '', name, root);
    check(
      await scene.isRevoked(await crl(), kept.get('gone') ?? '', root),
      'the revoked one is not on the CRL',
    );
    check(!(await scene.isRevoked(await crl(), kept.get('old') ?? '', root)), 'the valid one is on the CRL');
  });
  await step('lego, as the account of before, revokes one issued before, even a superseded one', async () => {
    for (const which of ['old', 'superseded']) {
      const chain = kept.get(which) ?? '';
      await writeFile(scene.certificateFile(name), chain);
      await scene.runLego(server, root, name, 'revoke', '--reason', '4', '--keep');
      check(await scene.isRevoked(await crl(), chain, root), `${which} is not on the CRL`);
    }
  });
  await step('lego, as the account of before, renews', async () => {
    await scene.runLego(server, root, name, 'renew', '--days', '1000', '--no-random-sleep');
    const chain = await scene.certificate(name);
    check(serialOf(chain) !== serialOf(kept.get('old') ?? ''), 'it is the same certificate');
    await scene.verify(chain, name, root);
  });
}
