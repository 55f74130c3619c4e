import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { newFolder } from '../../tools/kit/folder.js';
import { type RunningUpki, startUpki } from '../../tools/kit/upki.js';
import { ask, type Holder } from '../support/https.js';
import { requestPem } from '../support/requests.js';
import { inFolder, runShell } from '../support/shell.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

let running: RunningUpki | null = null;
afterEach(() => running?.stop(), 30_000);

/** As the operator makes one. */
async function newAdministrator(dataDir: string): Promise<Holder> {
  const folder = newFolder();
  const { code, stderr } = await upki(['admin', 'add', 'alice', '-d', dataDir, '--out', folder]);
  if (code !== 0) throw new Error(stderr);
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { key: read('alice.key'), cert: read('alice.crt') };
}

it('a machine with only curl and openssl gets a certificate by one command, renews it, and is removed', async () => {
  running = await startUpki({ env: { UPKI_RA_CN: 'localhost' } });
  const { baseUrl, rootPem } = running;
  const admin = await newAdministrator(running.dataDir);
  const nodes = `${baseUrl}/api/v1/private/nodes`;
  const registered = await ask(nodes, rootPem, admin, {
    method: 'POST',
    body: { cn: 'box.example.test', sans: ['192.0.2.9'] },
  });
  expect(registered.status).toBe(201);

  await inFolder(async (folder, files) => {
    const run = (line: string) => runShell(['sh'], ['-c', line], { cwd: folder });
    expect(await run(registered.json.data.command)).toMatchObject({ code: 0 });
    expect(await files()).toEqual(expect.arrayContaining(['cert.pem', 'chain.pem', 'key.pem']));
    expect(await run('openssl verify -CAfile ca.pem -untrusted chain.pem cert.pem')).toMatchObject({
      code: 0,
    });

    const renewal = String.raw`openssl req -new -key key.pem -subj / | sed 's/$/\\n/' | tr -d '\n' | sed 's/.*/{"csr":"&"}/' |
      curl -fsS --cacert ca.pem --cert cert.pem --key key.pem --data-binary @- -o renewed.pem \
        -H 'Content-Type: application/json' '${baseUrl}/api/v1/client/renew?format=chain'`;
    expect(await run(renewal)).toMatchObject({ code: 0 });
    const leaf = new X509Certificate(readFileSync(join(folder, 'renewed.pem')));
    expect(leaf.subjectAltName).toBe('DNS:box.example.test, IP Address:192.0.2.9');
  });

  const removed = await ask(`${nodes}/box.example.test`, rootPem, admin, { method: 'DELETE' });
  expect(removed.json.data.revoked).toHaveLength(2);
});

it('the registration seed gets no certificate, and a warning names the removed setting', async () => {
  running = await startUpki({ env: { UPKI_RA_CN: 'localhost', UPKI_RA_CERTIFY_WITH_SEED: 'true' } });
  const { baseUrl, rootPem, dataDir } = running;
  const seed = readFileSync(join(dataDir, 'ca/seed'), 'utf8').trim();
  const body = { seed, csr: requestPem(['a.example.test']) };
  expect(
    (await ask(`${baseUrl}/api/v1/public/certify`, rootPem, null, { method: 'POST', body })).status,
  ).toBe(403);
  const { stderr } = await upki(['config'], { UPKI_DATA_DIR: dataDir, UPKI_RA_CERTIFY_WITH_SEED: 'true' });
  expect(stderr).toContain('UPKI_RA_CERTIFY_WITH_SEED is no longer a setting');
});
