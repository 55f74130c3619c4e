import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { newFolder } from '../../tools/kit/folder.js';
import { newKey, requestPem } from '../support/requests.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

/** A CA that does not run, with alice. */
async function withAlice() {
  const folder = newFolder();
  expect((await upki(['ca', 'init', '-d', folder])).code).toBe(0);
  const run = (...args: string[]) => upki(['admin', ...args, '-d', folder]);
  const out = newFolder();
  const at = (name: string) => join(out, name);
  expect((await run('add', 'alice', '--out', at('alice'))).code).toBe(0);
  const list = async () => JSON.parse((await run('list', '--json')).stdout);
  return { run, at, list };
}

const certificateIn = (path: string) => new X509Certificate(readFileSync(path));

describe('upki admin', () => {
  it('add --csr makes a certificate for a key stored elsewhere, and no key', async () => {
    const { run, at } = await withAlice();
    const key = newKey();
    writeFileSync(at('bob.csr'), requestPem([], { key, cn: 'whoever the request says' }));
    const { code, stdout } = await run('add', 'bob', '--csr', at('bob.csr'), '--out', at('bob'));
    expect([code, readdirSync(at('bob')).sort()]).toEqual([0, ['bob.crt', 'upki-root.crt']]);
    expect(stdout).not.toMatch(/Passphrase|PKCS #12/);
    expect(stdout).toContain('--key KEY');
    const certificate = certificateIn(join(at('bob'), 'bob.crt'));
    expect(certificate.subject).toContain('CN=bob');
    expect(certificate.checkPrivateKey(key)).toBe(true);
  });

  it('add --csr explains in one sentence what is wrong with the request, and adds no administrator', async () => {
    const { run, at, list } = await withAlice();
    writeFileSync(at('no.csr'), 'not a request');
    for (const [file, why] of [
      ['/nowhere/x.csr', /--csr is "\/nowhere\/x\.csr": there is no such file or folder/],
      [at('no.csr'), /CERTIFICATE REQUEST/],
    ] as const) {
      const { code, stderr } = await run('add', 'bob', '--csr', file, '--out', at('bob'));
      expect([code, stderr]).toEqual([78, expect.stringMatching(why)]);
    }
    expect(await list()).toHaveLength(1);
  });

  it('add --csr refuses a key that was taken from an administrator, under whatever name', async () => {
    const { run, at } = await withAlice();
    const key = createPrivateKey(readFileSync(join(at('alice'), 'alice.key')));
    writeFileSync(at('again.csr'), requestPem([], { key, cn: 'alice' }));
    expect((await run('remove', 'alice')).code).toBe(0);
    for (const name of ['alice', 'alicia']) {
      const { code, stderr } = await run('add', name, '--csr', at('again.csr'), '--out', at(name + 2));
      expect([code, stderr]).toEqual([78, expect.stringContaining('make a new key')]);
    }
  });

  it('add --role gives a role, list shows it, role changes it', async () => {
    const { run, at, list } = await withAlice();
    expect((await run('add', 'bob', '--role', 'auditor', '--out', at('bob'))).stdout).toMatch(
      /Role +auditor/,
    );
    expect((await run('list')).stdout).toBe('CN=alice,OU=Admins\nCN=bob,OU=Admins\tauditor\n');
    expect((await run('role', 'bob', 'operator')).stdout).toBe('CN=bob,OU=Admins has role operator.\n');
    expect((await run('role', 'bob', 'operator')).stdout).toMatch(/has role operator already/);
    expect((await list())[1]).toMatchObject({ dn: 'CN=bob,OU=Admins', role: 'operator' });
    expect(await run('role', 'bob', 'king')).toMatchObject({ code: 2 });
    expect(await run('role', 'nobody', 'admin')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nobody is not an administrator'),
    });
  });

  it('renew makes another certificate with a new key and the same role; the previous one stays valid', async () => {
    const { run, at, list } = await withAlice();
    await run('role', 'alice', 'operator');
    const { code, stdout } = await run('renew', 'alice', '--out', at('next'));
    expect([code, stdout]).toEqual([0, expect.stringMatching(/Role +operator/)]);
    const [before, after] = [at('alice'), at('next')].map((folder) =>
      certificateIn(join(folder, 'alice.crt')),
    );
    expect(after?.subject).toBe(before?.subject);
    expect(after?.publicKey.equals(before?.publicKey ?? newKey())).toBe(false);
    const [entry, ...others] = await list();
    expect(others).toEqual([]);
    expect(Date.parse(entry.not_after)).toBe(Date.parse(after?.validTo ?? ''));
    expect(await run('renew', 'nobody', '--out', at('x'))).toMatchObject({ code: 1 });
  });

  it('list --json prints name, role, the time of addition, and the expiry of the last certificate', async () => {
    const { list, at, run } = await withAlice();
    const end = Date.parse(certificateIn(join(at('alice'), 'alice.crt')).validTo);
    expect(await list()).toEqual([
      {
        dn: 'CN=alice,OU=Admins',
        role: 'admin',
        added_at: expect.stringMatching(/^\d{4}-.*Z$/),
        not_after: new Date(end).toISOString(),
      },
    ]);
    await run('remove', 'alice');
    expect(await list()).toEqual([]);
  });
});
