import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { AcmeClient } from '../../tools/kit/acme-client.js';
import { newFolder } from '../../tools/kit/folder.js';
import { startUpki } from '../../tools/kit/upki.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

const PERMIT = { UPKI_CA_PERMIT: 'plant.lan,127.0.0.0/8' };
const PORTS = {
  UPKI_CA_PORT: '0',
  UPKI_CA_REGISTRATION_PORT: '0',
  UPKI_RA_PORT: '0',
  UPKI_RA_HTTP_PORT: '0',
  UPKI_RA_HOST: '127.0.0.1',
};

describe('an installation whose issuer may certify some names only', () => {
  it.each([
    [
      { UPKI_RA_CN: 'ra.example.com' },
      /"ra\.example\.com".*: outside of what the issuer may certify \(plant\.lan, 127\.0\.0\.0\/8.*Set UPKI_RA_CN/,
    ],
    [{ UPKI_RA_CN: 'ra.plant.lan', UPKI_RA_SANS: '192.0.2.1' }, /"192\.0\.2\.1": outside/],
    [
      { UPKI_RA_CN: 'ra.plant.lan', UPKI_RA_SANS: 'localhost' },
      /this RA is called localhost, which is outside of what the CA's issuer may certify/,
    ],
    [
      { UPKI_RA_CN: 'ra.plant.lan', UPKI_RA_ALLOW: 'plant.lan,other.lan' },
      /UPKI_RA_ALLOW lets other\.lan be ordered, which is outside/,
    ],
    [
      { UPKI_RA_CN: 'ra.plant.lan', UPKI_RA_ALLOW: '127.0.0.0/7' },
      /UPKI_RA_ALLOW lets 127\.0\.0\.0\/7 be ordered/,
    ],
  ])('does not start with %j, and says why in a sentence with 78', async (env, sentence) => {
    const outcome = await upki(['start', '-d', newFolder()], { ...PORTS, ...PERMIT, ...env }, 40_000);
    expect(outcome).toMatchObject({ code: 78, stderr: expect.stringMatching(sentence) });
    expect(outcome.stderr).not.toMatch(/^ {4}at /m);
  });

  it('puts only permitted names into the RA’s certificate, and refuses orders for the rest', async () => {
    const dataDir = newFolder();
    const env = { ...PERMIT, UPKI_RA_CN: 'ra.plant.lan' };
    const running = await startUpki({ env, dataDir });
    try {
      const text = execFileSync('openssl', [
        'x509',
        '-in',
        join(dataDir, 'ra', 'ra.crt'),
        '-noout',
        '-ext',
        'subjectAltName',
      ]).toString();
      expect(text).toMatch(/DNS:ra\.plant\.lan, IP Address:127\.0\.0\.1\s*$/);
      const directoryUrl = `https://127.0.0.1:${running.ports.ra}/acme/directory`;
      const client = new AcmeClient({ directoryUrl, ca: running.rootPem });
      await client.newAccount();
      // The operator's list is empty: the issuer's limits are what refuses.
      for (const name of ['a.example.com', '*.plant.lan.example', '192.0.2.1']) {
        await expect(client.newOrder([name])).rejects.toMatchObject({
          problem: {
            type: 'urn:ietf:params:acme:error:rejectedIdentifier',
            detail: expect.stringMatching(
              /outside of what this authority may certify: plant\.lan, 127\.0\.0\.0\/8/,
            ),
          },
        });
      }
      await client.newOrder(['a.plant.lan', '127.0.0.2']);
    } finally {
      await running.stop();
    }
  });
});
