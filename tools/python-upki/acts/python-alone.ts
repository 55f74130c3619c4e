import { writeFile } from 'node:fs/promises';
import { serveFront } from '../front.js';
import { startPythonCa, startPythonRa } from '../programs.js';
import { check, type Stage } from '../stage.js';

/** Only the Python programs, used for a while: they produce the data to migrate later. */
export async function pythonAlone(stage: Stage): Promise<void> {
  const { scene, programs, seed, root, running, kept, step } = stage;
  const { ports } = scene;
  await step('the Python CA starts', async () => {
    running.set('ca', await startPythonCa(programs.ca, scene.folder, ports.ca, seed));
    const { DATA } = await scene.ask(ports.ca, 'get_ca', {});
    await writeFile(root, String(DATA));
  });
  await step('the Python RA starts behind a TLS proxy', async () => {
    running.set(
      'ra',
      await startPythonRa(programs.ra, scene.folder, ports.pythonRa, { port: ports.ca, seed }),
    );
    const sans = [{ type: 'IP', value: '127.0.0.1' }];
    const { DATA, MSG } = await scene.ask(ports.ca + 1, 'register', {
      seed,
      cn: 'front.python.interop',
      sans,
    });
    check(DATA !== undefined, MSG ?? 'no answer');
    const { private_key: key, certificate: cert } = DATA as unknown as Record<string, string>;
    const behind = `http://127.0.0.1:${ports.pythonRa}`;
    const close = await serveFront(ports.front, behind, { key: String(key), cert: String(cert) });
    running.set('front', { stop: close });
  });
  const server = directory(ports.front);
  await step('lego obtains two certificates from them, one of them twice', async () => {
    await scene.runLego(server, root, 'old.python.interop', 'run');
    kept.set('superseded', await scene.certificate('old.python.interop'));
    await scene.runLego(server, root, 'old.python.interop', 'renew', '--days', '1000', '--no-random-sleep');
    kept.set('old', await scene.certificate('old.python.interop'));
    await scene.runLego(server, root, 'gone.python.interop', 'run');
    kept.set('gone', await scene.certificate('gone.python.interop'));
  });
  await step('one is revoked at the CA, and an administrator named', async () => {
    const dn = 'gone.python.interop';
    const revoked = await scene.ask(ports.ca, 'revoke', { dn, reason: 'keyCompromise' });
    check(revoked.DATA === true, revoked.MSG ?? 'not revoked');
    await scene.ask(ports.ca, 'add_admin', { dn: '/CN=admin.python.interop' });
  });
}

export const directory = (port: number): string => `https://127.0.0.1:${port}/acme/directory`;
