import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialOf } from '../../interop/checks.js';
import { isOnCrl } from '../../interop/crl.js';
import { download } from '../../interop/upki.js';
import type { World } from '../../interop/world.js';
import { CommandFailed } from '../../kit/command.js';
import type { Tools } from '../../kit/tools.js';
import { otherLibraries } from './other-libraries.js';
import type { Checker, Verdict } from './verdict.js';

export interface Subject {
  /** PEM, leaf first. */
  chain: string;
  /** The name of the certificate's lineage in certbot. */
  lineage: string;
  /** Path of certbot. */
  certbot: string;
  /** Base URL of the RA. */
  baseUrl: string;
}

/** The programs that check revocation by themselves: OpenSSL's OCSP client and CRL tools, and certbot. */
export async function checkersOf(world: World, tools: Tools, subject: Subject): Promise<Checker[]> {
  const { chain } = subject;
  const { root } = world.authority;
  const [leaf = '', issuer = ''] = chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
  const files = {
    leaf: await world.file('checked-leaf.pem', leaf),
    issuer: await world.file('checked-issuer.pem', issuer),
    trusted: await world.file('checked-trusted.pem', root + issuer),
    request: join(world.folder, 'ocsp-request.der'),
    response: join(world.folder, 'ocsp-response.der'),
  };
  const openssl = (...args: string[]) => world.run('openssl', args);
  // The URLs are read from the certificate: this code does not know the listener's address.
  const [ocspUrl = ''] = (await openssl('x509', '-in', files.leaf, '-noout', '-ocsp_uri')).trim().split('\n');
  const points = await openssl('x509', '-in', files.leaf, '-noout', '-ext', 'crlDistributionPoints');
  const crlUrl = /URI:(\S+)/.exec(points)?.[1] ?? '';

  /** @param digest of the CertID; OpenSSL requires it first */
  const ocsp = async (digest: string, ...args: string[]): Promise<Verdict> => {
    const ids = [digest, '-issuer', files.issuer, '-cert', files.leaf];
    const output = await world.run('sh', [
      ...['-c', 'openssl ocsp "$@" 2>&1', 'sh', ...ids, '-CAfile', files.trusted, ...args],
    ]);
    if (!output.includes('Response verify OK')) throw new Error(`openssl ocsp: ${output}`);
    if (/WARNING/.test(output)) throw new Error(`openssl ocsp warns: ${output}`);
    const verdict = new RegExp(`^${files.leaf}: (good|revoked)$`, 'm').exec(output)?.[1];
    if (verdict !== 'good' && verdict !== 'revoked') throw new Error(`openssl ocsp: ${output}`);
    return verdict;
  };
  const byGet = async (digest: string): Promise<Verdict> => {
    const ids = [digest, '-issuer', files.issuer, '-cert', files.leaf, '-no_nonce'];
    await openssl('ocsp', ...ids, '-reqout', files.request);
    const encoded = encodeURIComponent((await readFile(files.request)).toString('base64'));
    await world.run('curl', ['-fsS', '-o', files.response, `${ocspUrl}/${encoded}`]);
    return ocsp(digest, '-no_nonce', '-respin', files.response);
  };
  const crl = async (fetchInto: (file: string) => Promise<unknown>): Promise<Verdict> => {
    const file = join(world.folder, 'checked.crl');
    await fetchInto(file);
    return (await isOnCrl(file, serialOf(chain), chain, world.folder)) ? 'revoked' : 'good';
  };
  const crlPem = async (): Promise<string> => {
    const file = join(world.folder, 'checked.crl.pem');
    await writeFile(file, await download(`${subject.baseUrl}/api/v1/public/crl?format=pem`, root));
    return file;
  };
  const verifyWithCrl = async (): Promise<Verdict> => {
    const file = await crlPem();
    const args = ['verify', '-crl_check', '-CAfile', files.trusted, '-CRLfile', file, files.leaf];
    return openssl(...args).then(
      () => 'good',
      (error) => {
        if (error instanceof CommandFailed && /certificate revoked/.test(error.message)) return 'revoked';
        throw error;
      },
    );
  };
  const certbot = async (): Promise<Verdict> => {
    const folders = ['--config-dir', 'config', '--work-dir', 'work', '--logs-dir', 'logs'];
    const output = await world.run(subject.certbot, [
      'certificates',
      ...folders,
      '--cert-name',
      subject.lineage,
    ]);
    // If certbot cannot query, it logs the reason and continues as if the certificate were good: that is no verdict.
    const log = await world.read('logs/letsencrypt.log');
    if (!log.includes('OCSP certificate status'))
      throw new Error(`certbot did not ask:\n${log.slice(-2000)}`);
    return /INVALID: REVOKED/.test(output) ? 'revoked' : 'good';
  };

  const others = await otherLibraries(world, tools, {
    leaf: files.leaf,
    issuer: files.issuer,
    chain: await world.file('checked-chain.pem', chain),
    root: await world.file('checked-root.pem', root),
    crl: crlPem,
    ocspUrl,
  });
  return [
    { name: 'openssl ocsp, POST, nonce', check: () => ocsp('-sha1', '-url', ocspUrl, '-nonce') },
    { name: 'openssl ocsp, POST, no nonce', check: () => ocsp('-sha1', '-url', ocspUrl, '-no_nonce') },
    {
      name: 'openssl ocsp, POST, SHA-256 CertID',
      check: () => ocsp('-sha256', '-url', ocspUrl, '-no_nonce'),
    },
    { name: 'openssl ocsp, GET', check: () => byGet('-sha1') },
    { name: 'openssl ocsp, GET, SHA-512 CertID', check: () => byGet('-sha512') },
    {
      name: 'openssl crl, where the certificate says',
      check: () => crl((file) => world.run('curl', ['-fsS', '-o', file, crlUrl])),
    },
    { name: 'openssl verify -crl_check, PEM', check: verifyWithCrl },
    { name: 'certbot certificates', check: certbot },
    ...others,
  ];
}
