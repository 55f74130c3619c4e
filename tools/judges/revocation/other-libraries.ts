import { join } from 'node:path';
import type { World } from '../../interop/world.js';
import { onPath, type Tools } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';
import type { Checker, Verdict } from './verdict.js';

const PKIX = join(CHECKOUT, 'tools/judges/revocation/Pkix.java');

/** PEM files of the certificate under test, and its revocation URLs. */
export interface Files {
  leaf: string;
  issuer: string;
  /** Leaf and issuer. */
  chain: string;
  root: string;
  /** The current CRL in PEM, fetched each time. */
  crl(): Promise<string>;
  ocspUrl: string;
}

/** GnuTLS, and Java's PKIX if Java is installed: libraries that share no code with OpenSSL. */
export async function otherLibraries(world: World, tools: Tools, files: Files): Promise<Checker[]> {
  const certtool = await tools.apt('gnutls-bin', 'certtool');
  const ocsptool = await tools.apt('gnutls-bin', 'ocsptool');
  /** The output of a program, whatever its exit code. */
  const said = (command: string, ...args: string[]) =>
    world.run('sh', ['-c', '"$@" 2>&1 || true', 'sh', command, ...args]);
  const crl = async (): Promise<Verdict> => {
    const trust = ['--load-ca-certificate', files.root, '--load-crl', await files.crl()];
    const output = await said(certtool, '--verify', ...trust, '--infile', files.chain);
    if (/^Chain verification output: Verified\. The certificate is trusted\./m.test(output)) return 'good';
    if (/certificate chain is revoked/.test(output)) return 'revoked';
    throw new Error(`certtool: ${output}`);
  };
  const ocsp = async (): Promise<Verdict> => {
    const about = ['--load-cert', files.leaf, '--load-issuer', files.issuer, '--load-trust', files.issuer];
    const output = await said(ocsptool, `--ask=${files.ocspUrl}`, ...about);
    if (!/Verifying OCSP Response: Success/.test(output)) throw new Error(`ocsptool: ${output}`);
    const verdict = /Certificate Status: (good|revoked)/.exec(output)?.[1];
    if (verdict !== 'good' && verdict !== 'revoked') throw new Error(`ocsptool: ${output}`);
    return verdict;
  };
  const pkix = async (java: string, way: 'ocsp' | 'crl'): Promise<Verdict> => {
    const options = way === 'crl' ? ['-Dcom.sun.security.enableCRLDP=true'] : [];
    const output = await said(java, ...options, PKIX, way, 'leaf', files.chain, files.root);
    const verdict = output.trim();
    if (verdict !== 'good' && verdict !== 'revoked') throw new Error(`java: ${output}`);
    return verdict;
  };
  const java = onPath('java');
  return [
    { name: 'GnuTLS certtool, CRL', check: crl },
    { name: 'GnuTLS ocsptool', check: ocsp },
    ...(java
      ? [
          { name: 'Java PKIX, OCSP', check: () => pkix(java, 'ocsp') },
          { name: 'Java PKIX, CRL where it says', check: () => pkix(java, 'crl') },
        ]
      : []),
  ];
}
