import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { requestPem } from '../ca/authority-world.js';
import { ask } from '../nodes/world.js';
import { newAdministrator } from '../support/administrator.js';
import { inFolder, runShell } from '../support/shell.js';
import { type RunningUpki, startUpki } from '../support/upki.js';
import { build, newFolder, upki } from './run.js';

beforeAll(build, 120_000);

let running: RunningUpki | null = null;
afterEach(() => running?.stop(), 30_000);

it('a machine with nothing but curl and openssl has a certificate after one line, renews it, and is removed', async () => {
  running = await startUpki({ env: { UPKI_RA_CN: 'localhost' } });
  const { baseUrl, rootPem } = running;
  const admin = await newAdministrator(running, 'alice');
  const nodes = `${baseUrl}/api/v1/private/nodes`;
  const registered = await ask(nodes, rootPem, {
    method: 'POST',
    body: { cn: 'box.example.test', sans: ['192.0.2.9'] },
    as: admin,
  });
  expect(registered.status).toBe(201);

  await inFolder(async (folder, files) => {
    const run = (line: string) => runShell(['sh'], ['-c', line], { cwd: folder });
    expect(await run(registered.json.data.command)).toMatchObject({ code: 0 });
    expect(await files()).toEqual(expect.arrayContaining(['cert.pem', 'chain.pem', 'key.pem']));
    expect(await run('openssl verify -CAfile ca.pem -untrusted chain.pem cert.pem')).toMatchObject({
      code: 0,
    });

    const renewal = `openssl req -new -key key.pem -subj / | sed 's/$/\\\\n/' | tr -d '\\n' | sed 's/.*/{"csr":"&"}/' |
      curl -fsS --cacert ca.pem --cert fullchain.pem --key key.pem -H 'Content-Type: application/json' -d @- \\
        -o renewed.json ${baseUrl}/api/v1/client/renew`;
    expect(await run(renewal)).toMatchObject({ code: 0 });
    const { data } = JSON.parse(readFileSync(join(folder, 'renewed.json'), 'utf8'));
    writeFileSync(join(folder, 'cert.pem'), data.certificate);
    const leaf = new X509Certificate(data.certificate);
    expect(leaf.subjectAltName).toBe('DNS:box.example.test, IP Address:192.0.2.9');
  });

  const removed = await ask(`${nodes}/box.example.test`, rootPem, { method: 'DELETE', as: admin });
  expect(removed.json.data.revoked).toHaveLength(2);
});

it('the registration seed gets certificates only where UPKI_RA_CERTIFY_WITH_SEED says so', async () => {
  const certify = async ({ baseUrl, rootPem, dataDir }: RunningUpki) => {
    const seed = readFileSync(join(dataDir, 'ca/seed'), 'utf8').trim();
    const body = { seed, csr: requestPem(['a.example.test']) };
    return (await ask(`${baseUrl}/api/v1/public/certify`, rootPem, { method: 'POST', body })).status;
  };
  running = await startUpki({ env: { UPKI_RA_CN: 'localhost' } });
  expect(await certify(running)).toBe(403);
  await running.stop();
  running = await startUpki({ env: { UPKI_RA_CN: 'localhost', UPKI_RA_CERTIFY_WITH_SEED: 'true' } });
  expect(await certify(running)).toBe(200);
});

it('UPKI_RA_CERTIFY_WITH_SEED without a seed is refused at start, in words that say what to set', async () => {
  const env = { UPKI_DATA_DIR: newFolder(), UPKI_RA_CERTIFY_WITH_SEED: 'true' };
  const { code, stderr } = await upki(['ra', 'start'], env);
  expect(code).toBe(78);
  expect(stderr).toContain('UPKI_CA_SEED or UPKI_CA_SEED_FILE must then hold the seed');
});
