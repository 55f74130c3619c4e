import { isIP } from 'node:net';
import { join } from 'node:path';
import type { World } from '../../interop/world.js';
import { CommandFailed } from '../../kit/command.js';
import { onPath, type Tools } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';

const HERE = join(CHECKOUT, 'tools/judges');

/** A chain and the data to verify it with. */
export interface Question {
  /** PEM, leaf first. */
  chain: string;
  /** PEM of the only trusted root. */
  root: string;
  /** PEM of the available CRLs; if empty, revocation is not checked. */
  crls: string;
  name: string;
}

/** A program that verifies whole chains; it returns `good`, or the reason it refuses. */
export interface Reader {
  name: string;
  verify(question: Question): Promise<string>;
}

/** OpenSSL, Go and Java; Java fetches the URLs in the certificates. */
export async function readersOf(world: World, tools: Tools): Promise<Reader[]> {
  let count = 0;
  const files = async ({ chain, root, crls }: Question) => {
    count += 1;
    const file = (part: string, text: string) => world.file(`q${count}-${part}.pem`, text);
    const at = chain.indexOf('-----BEGIN', 1);
    return {
      chain: await file('chain', chain),
      leaf: await file('leaf', chain.slice(0, at)),
      between: await file('between', at < 0 ? '' : chain.slice(at)),
      root: await file('root', root),
      crls: await file('crls', crls),
    };
  };
  const go = await tools.goBuild(join(HERE, 'authority/verifier'), 'upki-verify');
  const [java, javac] = [onPath('java'), onPath('javac')];
  const readers: Reader[] = [
    {
      name: 'OpenSSL -crl_check_all',
      async verify(question) {
        const { leaf, between, root, crls } = await files(question);
        const trust = ['-CAfile', root, '-no-CApath', '-no-CAstore', '-untrusted', between];
        const revocation = question.crls === '' ? [] : ['-crl_check_all', '-CRLfile', crls];
        const named = [isIP(question.name) ? '-verify_ip' : '-verify_hostname', question.name];
        const words = ['verify', '-x509_strict', ...revocation, ...trust, ...named, leaf];
        return /: OK$/m.test(await world.run('openssl', words)) ? 'good' : 'not OK';
      },
    },
    {
      name: 'Go crypto/x509 with CRLs',
      async verify(question) {
        const { chain, root, crls } = await files(question);
        return (await world.run(go, [chain, root, question.crls === '' ? '-' : crls, question.name])).trim();
      },
    },
  ];
  if (java === null || javac === null) return readers;
  await world.run(javac, ['-d', world.folder, join(HERE, 'revocation/Pkix.java')]);
  const pkix = (way: 'ocsp' | 'crl'): Reader => ({
    name: `Java PKIX, ${way.toUpperCase()}, whole chain`,
    async verify(question) {
      const { chain, root } = await files(question);
      const options = way === 'crl' ? ['-Dcom.sun.security.enableCRLDP=true'] : [];
      const how = question.crls === '' ? 'none' : way;
      return (
        await world.run(java, [...options, '-cp', world.folder, 'Pkix', how, 'chain', chain, root])
      ).trim();
    },
  });
  return [...readers, pkix('ocsp'), pkix('crl')];
}

/** A reader's verdict, including its errors. */
export async function heard(reader: Reader, question: Question): Promise<string> {
  try {
    return await reader.verify(question);
  } catch (error) {
    if (error instanceof CommandFailed) return error.message.split('\n').slice(-4).join(' ');
    throw error;
  }
}
