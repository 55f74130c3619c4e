import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCertificate } from '../../src/x509/certificate.js';
import { parseCrl } from '../../src/x509/crl.js';
import { firstFromPem, fromPem } from '../../src/x509/pem.js';
import type { Outcome } from '../../tools/kit/command.js';
import { newFolder } from '../../tools/kit/folder.js';
import { ISSUER, OpensslSigner } from '../ca/elsewhere/openssl-signer.js';
import { certId, ocspRequest, ocspStatus } from '../support/ocsp.js';
import { requestPem } from '../support/requests.js';
import { CaWorld, SEED } from '../support/world/ca.js';
import { build, upki } from './run.js';

let folder: string;
beforeAll(() => {
  build();
  folder = newFolder();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const env = { UPKI_CA_COMPANY: 'Plant', UPKI_CA_PUBLIC_URL: 'http://pki.plant.test' };
const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' }).toString();

async function ok(...args: string[]): Promise<Outcome> {
  const outcome = await upki(args, env);
  expect({ args, ...outcome }).toMatchObject({ code: 0 });
  return outcome;
}

interface Status {
  id: string;
  kind: string;
  state: string;
  key: string;
  warning?: string;
  crl?: { number: number; next_update: number };
  certificate: string;
}

const status = async (ca: string): Promise<Status[]> =>
  JSON.parse((await ok('ca', 'status', '-d', ca, '--json')).stdout);

describe('a CA whose root openssl keeps', () => {
  const ca = () => at('ca');
  let root: OpensslSigner;

  it('waits for its certificate, and neither starts nor makes its own root meanwhile', async () => {
    root = new OpensslSigner(folder);
    const { stdout } = await ok('ca', 'init', '-d', ca(), '--request', at('issuer.csr'));
    expect(stdout).toMatch(/its key stays in .*upki ca install FILE/);
    for (const words of [['init'], ['listen'], ['start']]) {
      const { code, stderr } = await upki(['ca', ...words, '-d', ca()], env);
      expect([words, code, stderr]).toEqual([
        words,
        78,
        expect.stringMatching(/waits for its issuing certificate: have .*request\.csr signed/),
      ]);
    }
    expect(readFileSync(at('issuer.csr'), 'utf8')).toBe(
      readFileSync(join(ca(), 'issuers', 'request.csr'), 'utf8'),
    );
    expect((await stat(join(ca(), 'issuers', 'request.key'))).mode & 0o777).toBe(0o600);
  });

  it('refuses an unsuitable certificate in a sentence with exit code 78, and accepts a suitable one', async () => {
    const short = root.sign(at('issuer.csr'), ISSUER, { days: 30, out: 'short.crt' });
    const refused = await upki(['ca', 'install', '-d', ca(), short, root.certificate], env);
    expect(refused).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/sooner than certificates it is to sign/),
    });
    expect(await upki(['ca', 'install', '-d', ca(), at('issuer.csr')], env)).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/no certificate in it/),
    });
    const own = root.sign(at('issuer.csr'), ISSUER);
    const { stdout } = await ok('ca', 'install', '-d', ca(), own, root.certificate);
    expect(stdout).toMatch(/The CA is in .*its issuer is valid until/);
    expect((await status(ca())).map(({ kind, state, key }) => [kind, state, key])).toEqual([
      ['root', 'active', 'elsewhere'],
      ['issuer', 'active', 'here'],
    ]);
    // Doing it again says so, and changes nothing.
    const again = await upki(['ca', 'install', '-d', ca(), own, root.certificate], env);
    expect(again).toMatchObject({ code: 78, stderr: expect.stringMatching(/installed already: the issuer/) });
    expect(await upki(['ca', 'init', '-d', ca(), '--request', at('b.csr')], env)).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/holds a CA already.*upki ca rollover issuer/),
    });
  });

  it('serves only CRLs of its root, and only newer ones', async () => {
    const first = root.crl('first.crl');
    expect((await ok('ca', 'install', '-d', ca(), first)).stdout).toMatch(/The CRL of root .* is now served/);
    openssl('crl', '-in', first, '-outform', 'DER', '-out', at('first.der'));
    await ok('ca', 'install', '-d', ca(), at('first.der'));
    const [number] = (await status(ca())).map(({ crl }) => crl?.number);
    expect(number).toBe(0x1000);
    const stranger = new OpensslSigner(newFolder());
    const foreign = await upki(['ca', 'install', '-d', ca(), stranger.crl('x.crl')], env);
    expect(foreign).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/not signed by the key of any root or issuer of this CA/),
    });
  });

  it('requests the next issuer from its root with a new name and key, and uses it once it is installed', async () => {
    const { stdout } = await ok('ca', 'rollover', 'issuer', '-d', ca(), '--request', at('next.csr'));
    expect(stdout).toMatch(/The key of the root is not at this CA\. Have the root sign the request/);
    expect((await ok('ca', 'status', '-d', ca())).stdout).toMatch(
      /the request for the next issuer must be signed/,
    );
    const text = openssl('req', '-in', at('next.csr'), '-noout', '-text', '-verify');
    expect(text).toMatch(/CN = Plant Issuing CA 2[\s\S]*http:\/\/pki\.plant\.test\/crl\/[0-9a-f]{20}\.crl/);
    // An answer to the request before is an answer to another.
    const stale = root.sign(at('issuer.csr'), ISSUER, { out: 'stale.crt' });
    expect(await upki(['ca', 'install', '-d', ca(), stale], env)).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/it answers another request/),
    });
    const other = new OpensslSigner(newFolder(), 'Plant Root 2');
    const elsewhere = await upki(
      ['ca', 'install', '-d', ca(), other.sign(at('next.csr'), ISSUER), other.certificate],
      env,
    );
    expect(elsewhere).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/leads to the root .*, which nobody who trusts this CA .*--new-root/),
    });
    // The root is known: the file need not hold it.
    const own = root.sign(at('next.csr'), ISSUER, { out: 'next.crt' });
    expect((await ok('ca', 'install', '-d', ca(), own)).stdout).toMatch(/signs from now on/);
    const all = await status(ca());
    expect(all.map(({ kind, state }) => [kind, state])).toEqual([
      ['root', 'active'],
      ['issuer', 'retired'],
      ['issuer', 'active'],
    ]);
    expect(parseCertificate(firstFromPem('CERTIFICATE', all[2]?.certificate ?? '')).commonName).toBe(
      'Plant Issuing CA 2',
    );
  });

  it('refuses a CRL without an issuer that it revoked itself, and accepts one that lists it', async () => {
    await ok('ca', 'rollover', 'issuer', '-d', ca(), '--request', at('third.csr'));
    const third = root.sign(at('third.csr'), ISSUER, { out: 'third.crt' });
    const { stdout } = await ok('ca', 'install', '-d', ca(), third, '--revoke');
    expect(stdout).toMatch(/was signed elsewhere: have the root revoke it/);
    const forgets = await upki(['ca', 'install', '-d', ca(), root.crl('forgets.crl')], env);
    expect(forgets).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/does not list [0-9a-f]+, revoked at this CA/),
    });
    const taken = await ok('ca', 'install', '-d', ca(), root.crl('lists.crl', { revoke: [at('next.crt')] }));
    expect(taken.stdout).toMatch(/it revokes the issuer [0-9a-f]{20}/);
  });
});

describe('a root elsewhere that is succeeded there', () => {
  it('is published together with the old root after an issuer under it was installed deliberately, until the old root is retired', async () => {
    const ca = at('moved');
    const old = new OpensslSigner(newFolder(), 'First Root');
    const next = new OpensslSigner(newFolder(), 'Second Root');
    await ok('ca', 'init', '-d', ca, '--request', at('m.csr'), '--permit', 'plant.lan');
    // The request asks for the limits; a root that leaves them out is told of by nobody but the certificate.
    expect(openssl('req', '-in', at('m.csr'), '-noout', '-text')).toMatch(
      /Name Constraints: critical[\s\S]*DNS:plant\.lan/,
    );
    await ok('ca', 'install', '-d', ca, old.sign(at('m.csr'), ISSUER), old.certificate);
    await ok(
      'ca',
      'rollover',
      'issuer',
      '-d',
      ca,
      '--request',
      at('m2.csr'),
      '--permit',
      'plant.lan,10.0.0.0/8',
    );
    expect(openssl('req', '-in', at('m2.csr'), '-noout', '-text')).toMatch(/IP:10\.0\.0\.0\/255\.0\.0\.0/);
    await ok('ca', 'install', '-d', ca, '--new-root', next.sign(at('m2.csr'), ISSUER), next.certificate);
    const roots = async () =>
      (await status(ca)).filter(({ kind }) => kind === 'root').map(({ state }) => state);
    expect(await roots()).toEqual(['retiring', 'active']);
    await ok('ca', 'rollover', 'root', '-d', ca, '--retire');
    expect(await roots()).toEqual(['retired', 'active']);
  });
});

describe('a root that is taken offline', () => {
  const [ca, stick] = [() => at('whole'), () => at('root.pem')];

  it('leaves the machine encrypted, with its CRL signed for a year', async () => {
    await ok('ca', 'init', '-d', ca());
    writeFileSync(at('pass'), 'correct horse battery\n');
    const octets = openSync(join(ca(), 'ca.key'), 'r');
    await ok('ca', 'root', 'export', '-d', ca(), '--out', stick(), '--passphrase-file', at('pass'));
    await expect(stat(join(ca(), 'ca.key'))).rejects.toThrow(/ENOENT/);
    expect(readFileSync(octets, 'latin1')).not.toContain('PRIVATE KEY');
    closeSync(octets);
    expect((await stat(stick())).mode & 0o777).toBe(0o600);
    expect(readFileSync(stick(), 'utf8')).toMatch(/BEGIN ENCRYPTED PRIVATE KEY/);
    const [root] = await status(ca());
    expect(root).toMatchObject({ kind: 'root', key: 'elsewhere' });
    expect(((root?.crl?.next_update ?? 0) - Date.now()) / 86_400_000).toBeGreaterThan(364);
    const again = await upki(['ca', 'root', 'export', '-d', ca(), '--out', at('again.pem')], env);
    expect(again).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/the key of the root .* is not at this CA/),
    });
  });

  it('signs the next issuer and its CRL only with the passphrase', async () => {
    await ok('ca', 'rollover', 'issuer', '-d', ca(), '--request', at('n.csr'));
    writeFileSync(at('wrong'), 'wrong horse battery\n');
    const words = ['ca', 'root', 'sign', at('n.csr'), '--root', stick(), '--out', at('n.crt')];
    expect(await upki([...words, '--passphrase-file', at('wrong')])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/cannot be decrypted/),
    });
    expect(await upki(words)).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/encrypted and no passphrase was given/),
    });
    await ok(...words, '--passphrase-file', at('pass'), '--days', '1000');
    await ok('ca', 'install', '-d', ca(), at('n.crt'));
    const text = readFileSync(at('n.crt'), 'utf8');
    const [issuer, root] = fromPem('CERTIFICATE', text);
    writeFileSync(at('r.pem'), readFileSync(join(ca(), 'ca.crt')));
    writeFileSync(at('crl.pem'), text.slice(text.indexOf('-----BEGIN X509 CRL')));
    expect(parseCertificate(root ?? Buffer.alloc(0)).commonName).toBe('Plant Root CA');
    writeFileSync(at('i.pem'), text);
    expect(
      openssl(
        'verify',
        '-x509_strict',
        '-crl_check',
        '-CAfile',
        at('r.pem'),
        '-CRLfile',
        at('crl.pem'),
        at('i.pem'),
      ),
    ).toMatch(/OK/);
    const shown = openssl('x509', '-in', at('i.pem'), '-noout', '-text');
    expect(shown).toMatch(/pathlen:0/);
    expect(shown).toMatch(/http:\/\/pki\.plant\.test\/crl\/[0-9a-f]{20}\.crl/);
    // Nobody could answer: the key is offline.
    expect(shown).not.toMatch(/OCSP - URI/);
    expect(parseCertificate(issuer ?? Buffer.alloc(0)).commonName).toBe('Plant Issuing CA 2');
  });

  it('signs a new CRL from the last one, keeps its revocations, and adds others', async () => {
    const words = ['--root', stick(), '--passphrase-file', at('pass')];
    const [, old] = await status(ca());
    const { serial } = parseCertificate(firstFromPem('CERTIFICATE', old?.certificate ?? ''));
    await ok('ca', 'root', 'sign', at('crl.pem'), ...words, '--out', at('revoked.pem'), '--revoke', serial);
    await ok('ca', 'root', 'sign', at('revoked.pem'), ...words, '--out', at('fresh.pem'), '--crl-days', '60');
    const read = (name: string) => parseCrl(firstFromPem('X509 CRL', readFileSync(at(name), 'utf8')));
    expect(read('fresh.pem').entries.map((each) => [each.serial, each.reason])).toEqual([[serial, 2]]);
    expect(read('fresh.pem').number).toBeGreaterThan(read('revoked.pem').number ?? 0n);
    const { stdout } = await ok('ca', 'install', '-d', ca(), at('fresh.pem'));
    expect(stdout).toMatch(/it revokes the issuer/);
    const [root] = await status(ca());
    expect(root?.warning).toMatch(
      /the CRL of the root .* ends on .*, in less than 90 days: have a fresh one signed/,
    );
    expect(await upki(['ca', 'install', '-d', ca(), at('revoked.pem')])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/older than the one there is/),
    });
  });

  it('signs from a CA folder on a laptop too, for a CA that never had the root’s key', async () => {
    await ok('ca', 'init', '-d', at('laptop'));
    await ok('ca', 'init', '-d', at('server'), '--request', at('s.csr'));
    await ok(
      'ca',
      'root',
      'sign',
      at('s.csr'),
      '-d',
      at('laptop'),
      '--out',
      at('s.crt'),
      '--public-url',
      'http://pki.plant.test',
    );
    await ok('ca', 'install', '-d', at('server'), at('s.crt'));
    const [root, issuer] = await status(at('server'));
    expect([root?.key, issuer?.key, root?.crl === undefined]).toEqual(['elsewhere', 'here', false]);
    expect(openssl('x509', '-in', at('s.crt'), '-noout', '-text')).toMatch(
      new RegExp(`/crl/${root?.id}\\.crl`),
    );
  });
});

it('the CA serves and issues under a root elsewhere, and answers OCSP requests about its issuer with unauthorized', async () => {
  const root = new OpensslSigner(newFolder());
  await ok('ca', 'init', '-d', at('served'), '--request', at('served.csr'));
  await ok('ca', 'install', '-d', at('served'), root.sign(at('served.csr'), ISSUER), root.certificate);
  const served = await new CaWorld({ dataDir: at('served'), seed: SEED }).start();
  try {
    const ra = await served.registered();
    const { authorities } = await ra.call('get_authorities', {});
    const [above, issuer] = authorities.map(({ certificate }) => firstFromPem('CERTIFICATE', certificate));
    if (!above || !issuer) throw new Error('they are missing');
    const { certificate } = await ra.call('sign', { csr: requestPem(['a.plant.test']) });
    writeFileSync(at('chain.pem'), certificate);
    expect(
      openssl(
        'verify',
        '-x509_strict',
        '-CAfile',
        root.certificate,
        '-untrusted',
        at('chain.pem'),
        at('chain.pem'),
      ),
    ).toMatch(/OK/);
    await expect(ra.call('get_crl', { issuer: authorities[0]?.id ?? '' })).rejects.toThrow(
      /There is no CRL of .* here: its key is elsewhere/,
    );
    const ask = async (authority: Buffer, serial: string) => {
      const request = ocspRequest([certId(authority, serial)]).toString('base64');
      return ocspStatus(Buffer.from((await ra.call('ocsp_respond', { request })).response, 'base64'));
    };
    expect(await ask(above, parseCertificate(issuer).serial)).toBe(6);
    expect(await ask(issuer, parseCertificate(firstFromPem('CERTIFICATE', certificate)).serial)).toBe(0);
    // The running CA serves a CRL that is installed beside it.
    await ok('ca', 'install', '-d', at('served'), root.crl('served.crl'));
    const crl = parseCrl(
      Buffer.from(await ra.call('get_crl', { issuer: authorities[0]?.id ?? '' }), 'base64'),
    );
    expect(crl.number).toBe(0x1000n);
  } finally {
    await served.close();
  }
});
