import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach } from 'vitest';
import type { OpenAuthorities } from '../../../src/ca/authorities/open.js';
import type { CaStore } from '../../../src/store/index.js';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { fromPem, toPem } from '../../../src/x509/pem.js';
import { requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';

const run = promisify(execFile);

export const DAY = 86_400_000;

export const BY = { who: 'operator test', from: 'local' };

export const worlds: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const each of worlds.splice(0).reverse()) await each.close();
});

export async function start(...options: ConstructorParameters<typeof CaWorld>): Promise<CaWorld> {
  const world = await new CaWorld(...options).start();
  worlds.push(world);
  return world;
}

/** What a command on the CA's machine does beside it. */
export const beside = <T>(
  world: CaWorld,
  work: (local: OpenAuthorities, store: CaStore) => Promise<T>,
  clock?: () => number,
): Promise<T> => world.onSet(work, clock);

export type Client = Awaited<ReturnType<CaWorld['registered']>>;

export const sign = async (ra: Client, name: string) => {
  const { certificate } = await ra.call('sign', { csr: requestPem([name]) });
  const [leaf, ...chain] = fromPem('CERTIFICATE', certificate).map((der) => parseCertificate(der));
  if (leaf === undefined) throw new Error('no certificate');
  return { pem: certificate, leaf, chain };
};

/** `openssl verify` of a chain, with the CRL of every authority. */
export async function opensslVerifies(
  world: CaWorld,
  ra: Client,
  chainPem: string,
  rootPem: string,
): Promise<string> {
  const at = (name: string) => join(world.dataDir, name);
  const { authorities } = await ra.call('get_authorities', {});
  const crls = await Promise.all(
    authorities
      .filter(({ kind }) => kind !== 'cross')
      .map(async ({ id }) =>
        toPem('X509 CRL', Buffer.from(await ra.call('get_crl', { issuer: id }), 'base64')),
      ),
  );
  const [leaf = Buffer.alloc(0), ...above] = fromPem('CERTIFICATE', chainPem);
  await writeFile(at('leaf.pem'), toPem('CERTIFICATE', leaf));
  await writeFile(at('chain.pem'), above.map((der) => toPem('CERTIFICATE', der)).join(''));
  await writeFile(at('root.pem'), rootPem);
  await writeFile(at('crls.pem'), crls.join(''));
  const words = [
    'verify',
    '-crl_check_all',
    '-x509_strict',
    '-CAfile',
    at('root.pem'),
    '-CRLfile',
    at('crls.pem'),
  ];
  const { stdout } = await run('openssl', [...words, '-untrusted', at('chain.pem'), at('leaf.pem')]).catch(
    (error: { stdout: string; stderr: string }) => ({ stdout: error.stdout + error.stderr }),
  );
  return stdout.trim().split('\n').at(-1) ?? '';
}

export const ok = /leaf\.pem: OK$/;
