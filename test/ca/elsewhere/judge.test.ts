import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Judged, judgeIssuer } from '../../../src/ca/elsewhere/judge.js';
import { ensureRequest, requestKey } from '../../../src/ca/elsewhere/request.js';
import { DEFAULT_ISSUER_KEY } from '../../../src/ca/folder/keys.js';
import { loadProfiles } from '../../../src/ca/issue/profiles.js';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { certificatesFrom } from '../../../src/x509/certificates-in.js';
import { parseCsr } from '../../../src/x509/csr.js';
import { dn } from '../../../src/x509/name.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { openssl } from '../openssl-root.js';
import { ISSUER, OpensslSigner } from './openssl-signer.js';

const DAY = 86_400_000;
const folder = newFolder();
const request = join(folder, 'issuer.csr');
let root: OpensslSigner;
let spki: Buffer;

beforeAll(async () => {
  root = new OpensslSigner(folder);
  const subject = dn(['O', 'Plant'], ['CN', 'Plant Issuing CA']);
  const text = await ensureRequest({ dataDir: folder, passphrase: null, key: DEFAULT_ISSUER_KEY, subject });
  writeFileSync(request, text);
  spki = (await requestKey(folder, null)).spki;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function judge(files: string[], changes: { now?: number; duration?: number } = {}): Promise<Judged> {
  const profiles = await loadProfiles(null);
  const server = profiles.get('server');
  if (server && changes.duration) profiles.set('server', { ...server, duration: changes.duration });
  return judgeIssuer({
    certificates: files
      .flatMap((file) => certificatesFrom(readFileSync(file)))
      .map((der) => parseCertificate(der)),
    roots: [],
    spki,
    profiles: profiles.values(),
    now: changes.now ?? Date.now(),
  });
}

const refusal = async (files: string[], changes?: Parameters<typeof judge>[1]): Promise<string> =>
  judge(files, changes).then(
    () => 'taken',
    (error: Error) => error.message,
  );

describe('the request for an issuer', () => {
  it('requests a CA certificate with path length 0 for the key that stays here, and openssl reads it', () => {
    const csr = parseCsr(firstFromPem('CERTIFICATE REQUEST', readFileSync(request, 'utf8')));
    expect(csr).toMatchObject({ asksForCa: true, commonName: 'Plant Issuing CA', names: [] });
    const text = openssl('req', '-in', request, '-noout', '-text', '-verify').toString();
    expect(text).toMatch(/CA:TRUE, pathlen:0[\s\S]*Certificate Sign, CRL Sign/);
  });

  it('is the same when it is made again', async () => {
    const again = {
      dataDir: folder,
      passphrase: null,
      key: DEFAULT_ISSUER_KEY,
      subject: dn(['CN', 'Another']),
    };
    expect(await ensureRequest(again)).toBe(readFileSync(request, 'utf8'));
  });
});

describe('an issuer signed elsewhere is taken', () => {
  it('with its root, in any order, in PEM, DER and PKCS #7', async () => {
    const own = root.sign(request, ISSUER);
    const at = (name: string) => join(folder, name);
    openssl('x509', '-in', own, '-outform', 'DER', '-out', at('own.der'));
    openssl('crl2pkcs7', '-nocrl', '-certfile', own, '-certfile', root.certificate, '-out', at('both.p7b'));
    openssl('pkcs7', '-in', at('both.p7b'), '-outform', 'DER', '-out', at('both.p7c'));
    for (const files of [
      [own, root.certificate],
      [root.certificate, own],
      [at('own.der'), root.certificate],
      [at('both.p7b')],
      [at('both.p7c')],
    ]) {
      const { issuer, root: found, between } = await judge(files);
      expect(issuer.spki).toEqual(spki);
      expect(found.commonName).toBe('Plant Root');
      expect(between).toEqual([]);
    }
  });

  it('below another CA, with a warning for what it leaves out and what it may not sign', async () => {
    const middle = root.request('Middle CA');
    const above = root.sign(
      middle.request,
      'basicConstraints=critical,CA:TRUE,pathlen:1\nkeyUsage=critical,keyCertSign,cRLSign\nextendedKeyUsage=serverAuth,clientAuth',
      { out: 'middle.crt' },
    );
    const issuer = signedBelow(above, middle.key);
    const { between, warnings } = await judge([issuer, above, root.certificate]);
    expect(between.map(({ commonName }) => commonName)).toEqual(['Middle CA']);
    expect(warnings.join('\n')).toMatch(
      /profile laptop will be refused: the issuer may not sign for emailProtection/,
    );
    expect(warnings.join('\n')).toMatch(/names no CRL of its root/);
  });
});

/** PEM file of the issuer, signed by a CA that is below another. */
function signedBelow(certificate: string, key: string): string {
  const [file, extensions] = [join(folder, 'below.crt'), join(folder, 'more.cnf')];
  writeFileSync(extensions, ISSUER);
  openssl(
    ...['x509', '-req', '-in', request, '-CA', certificate, '-CAkey', key, '-CAcreateserial'],
    ...['-days', '800', '-extfile', extensions, '-out', file],
  );
  return file;
}

describe('an issuer signed elsewhere is refused, in words, with', () => {
  const signed = (text: string, options = {}) => [root.sign(request, text, options), root.certificate];

  it('another key', async () => {
    const own = root.sign(root.request('Other CA').request, ISSUER);
    expect(await refusal([own, root.certificate])).toMatch(
      /none of its certificates .*"CN=Other CA.*is of the key of the request/,
    );
  });

  it.each([
    ['no basicConstraints', 'keyUsage=critical,keyCertSign,cRLSign', /is not a CA certificate/],
    ['CA:FALSE', 'basicConstraints=critical,CA:FALSE', /is not a CA certificate/],
    [
      'no keyCertSign',
      'basicConstraints=critical,CA:TRUE\nkeyUsage=cRLSign',
      /may not sign certificates: its key usage lacks keyCertSign/,
    ],
    [
      'no cRLSign',
      'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign',
      /may not sign CRLs: its key usage lacks cRLSign/,
    ],
    [
      'purposes of clients only',
      `${ISSUER}extendedKeyUsage=clientAuth`,
      /too narrow: serverAuth must be among them/,
    ],
    [
      'purposes of something else',
      `${ISSUER}extendedKeyUsage=timeStamping`,
      /too narrow: serverAuth, clientAuth must be among/,
    ],
    [
      'a critical extension nobody knows',
      `${ISSUER}1.2.3.4=critical,ASN1:NULL`,
      /a critical extension programs may not know \(1\.2\.3\.4\)/,
    ],
  ])('%s', async (_, text, expected) => {
    expect(await refusal(signed(text))).toMatch(expected);
  });

  it('an end sooner than that of certificates it is to sign', async () => {
    expect(await refusal(signed(ISSUER, { days: 200 }))).toMatch(
      /sooner than certificates it is to sign: admin \(365 days\)/,
    );
    expect(await refusal(signed(ISSUER, { days: 400 }), { duration: 500 })).toMatch(/server \(500 days\)/);
    expect(await refusal(signed(ISSUER, { days: 400 }))).toBe('taken');
  });

  it('a time that is over, or not yet come', async () => {
    const files = signed(ISSUER, { days: 400 });
    expect(await refusal(files, { now: Date.now() + 401 * DAY })).toMatch(/"CN=Plant Issuing CA.*expired on/);
    expect(await refusal(files, { now: Date.now() + 4001 * DAY })).toMatch(/"CN=Plant Root.*expired on/);
    expect(await refusal(files, { now: Date.now() - DAY })).toMatch(
      /is not valid before .*clocks of both machines/,
    );
  });

  it('a path length above it that allows no CA, or one too few', async () => {
    const closed = new OpensslSigner(folder, 'Closed Root', {
      extensions: 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign,cRLSign',
    });
    expect(await refusal([closed.sign(request, ISSUER), closed.certificate])).toMatch(
      /path length of "CN=Closed Root.* is 0, which allows no CA below it/,
    );
    const one = new OpensslSigner(folder, 'One Root', {
      extensions: 'basicConstraints=critical,CA:TRUE,pathlen:1\nkeyUsage=keyCertSign,cRLSign',
    });
    const middle = one.request('Between');
    const above = one.sign(middle.request, 'basicConstraints=critical,CA:TRUE', { out: 'between.crt' });
    const issuer = signedBelow(above, middle.key);
    expect(await refusal([issuer, above, one.certificate])).toMatch(
      /path length of "CN=One Root.* is 1, .* there are 2/,
    );
  });

  it('a chain that is not whole, or not of the same hands', async () => {
    const own = root.sign(request, ISSUER);
    expect(await refusal([own])).toMatch(
      /issued by "CN=Plant Root.*", whose certificate is not in the file: append every certificate up to/,
    );
    const twin = newFolder();
    const other = new OpensslSigner(twin);
    expect(await refusal([own, other.certificate])).toMatch(
      /the signature on "CN=Plant Issuing CA.*" is wrong/,
    );
  });

  it('weak keys above it, and broken hashes', async () => {
    const weak = new OpensslSigner(folder, 'Weak Root', { key: ['RSA', '-pkeyopt', 'rsa_keygen_bits:1024'] });
    expect(await refusal([weak.sign(request, ISSUER), weak.certificate])).toMatch(
      /"CN=Weak Root.* has a weak key/,
    );
    const old = new OpensslSigner(folder, 'Old Root', {
      key: ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
      hash: 'sha1',
    });
    expect(await refusal([old.sign(request, ISSUER, { hash: 'sha1' }), old.certificate])).toMatch(
      /"CN=Plant Issuing CA.* is signed with SHA-1, which is broken/,
    );
    // What a root says of itself is not verified: its own SHA-1 does no harm.
    expect(await refusal([old.sign(request, ISSUER), old.certificate])).toBe('taken');
  });

  it('several faults at once, each reported', async () => {
    const text = await refusal(signed('keyUsage=critical,digitalSignature', { days: 30 }));
    expect(text).toMatch(/^\d things are wrong:/);
    expect(text).toMatch(/not a CA certificate[\s\S]*keyCertSign[\s\S]*sooner than certificates/);
  });
});
