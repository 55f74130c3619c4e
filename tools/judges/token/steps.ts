import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { signerFor } from '../../../src/x509/algorithms.js';
import { createCsr } from '../../../src/x509/csr.js';
import { dn } from '../../../src/x509/name.js';
import { toPem } from '../../../src/x509/pem.js';
import type { caChannel } from '../../kit/ca-channel.js';
import { run } from '../../kit/command.js';
import type { RunningUpki } from '../../kit/upki.js';
import type { SoftHsm } from './softhsm.js';

/** The steps tried one after another, while one uPKI runs. */

type Channel = Awaited<ReturnType<typeof caChannel>>;

export interface World {
  hsm: SoftHsm;
  upki: RunningUpki;
  ca: Channel;
  /** Runs the `upki` command on the running programs. */
  command(...args: string[]): Promise<string>;
}

function request(name: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const csr = createCsr({
    subject: dn(['CN', name]),
    names: [{ type: 'dns', value: name }],
    spki,
    signer: signerFor(privateKey),
  });
  return toPem('CERTIFICATE REQUEST', csr);
}

export const sign = async ({ ca }: World, name: string): Promise<string> =>
  (await ca.tasks.call('sign', { csr: request(name), profile: 'webapp' })).certificate;

/** `openssl verify` with the CRL of every CA, and `openssl ocsp` at the URL in the certificate. */
async function opensslAgrees(world: World, chain: string): Promise<void> {
  const at = (name: string) => join(world.hsm.folder, name);
  const { authorities } = await world.ca.tasks.call('get_authorities', {});
  const signing = authorities.filter(({ kind }) => kind !== 'cross');
  const crls = await Promise.all(signing.map(({ id }) => world.ca.tasks.call('get_crl', { issuer: id })));
  const blocks = chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
  await writeFile(at('leaf.pem'), blocks[0] ?? '');
  await writeFile(at('chain.pem'), blocks.slice(1).join(''));
  await writeFile(at('issuer.pem'), blocks[1] ?? '');
  await writeFile(
    at('roots.pem'),
    authorities
      .filter(({ kind }) => kind === 'root')
      .map(({ certificate }) => certificate)
      .join(''),
  );
  await writeFile(at('crls.pem'), crls.map((crl) => toPem('X509 CRL', Buffer.from(crl, 'base64'))).join(''));
  const verify = [
    'verify',
    '-x509_strict',
    '-crl_check_all',
    '-CAfile',
    at('roots.pem'),
    '-CRLfile',
    at('crls.pem'),
  ];
  assert.match(await run('openssl', [...verify, '-untrusted', at('chain.pem'), at('leaf.pem')]), /: OK/);
  assert.match(await ocsp(world), /leaf\.pem: good/);
}

function ocsp({ hsm, upki }: World): Promise<string> {
  const at = (name: string) => join(hsm.folder, name);
  const url = `http://localhost:${upki.ports.http}/ocsp`;
  const words = [
    'ocsp',
    '-issuer',
    at('issuer.pem'),
    '-cert',
    at('leaf.pem'),
    '-url',
    url,
    '-CAfile',
    at('roots.pem'),
    '-verify_other',
    at('chain.pem'),
  ];
  return run('openssl', words);
}

export async function soon(what: string, check: () => Promise<unknown>): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > until) throw new Error(`${what}: ${error instanceof Error ? error.message : error}`);
      await pause(250);
    }
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) found.push(join(entry.parentPath ?? entry.path, entry.name));
  return found;
}

export const STEPS: [string, (world: World) => Promise<void>][] = [
  [
    'no private key of the CA is in its folder: its key files name the token',
    async ({ upki }) => {
      const files = (await filesOf(join(upki.dataDir, 'ca'))).filter((path) =>
        /\.(?:key|pem|crt|csr)$/.test(path),
      );
      for (const path of files) assert.doesNotMatch(await readFile(path, 'latin1'), /PRIVATE KEY/, path);
      for (const name of ['ca.key', 'issuer.key', 'ocsp.pem'])
        assert.match(
          await readFile(join(upki.dataDir, 'ca', name), 'utf8'),
          /^pkcs11:token=upki;object=upki%20/,
        );
    },
  ],
  [
    'issues, and signs CRLs and OCSP responses that openssl takes',
    async (world) => opensslAgrees(world, await sign(world, 'a.token.test')),
  ],
  [
    'rolls over its issuer while it runs, with a new key in the token',
    async (world) => {
      const said = await world.command('ca', 'rollover', 'issuer');
      assert.match(said, /signs from now on/);
      await opensslAgrees(world, await sign(world, 'b.token.test'));
    },
  ],
  [
    'rolls over its root: both roots vouch for each other from within the token',
    async (world) => {
      await world.command('ca', 'rollover', 'root');
      await world.command('ca', 'rollover', 'root', '--switch');
      await opensslAgrees(world, await sign(world, 'c.token.test'));
      await world.command('ca', 'rollover', 'root', '--retire');
      const { authorities } = await world.ca.tasks.call('get_authorities', {});
      assert.deepEqual(
        authorities.filter(({ kind }) => kind !== 'cross').map(({ key }) => key),
        ['here', 'here', 'here', 'here', 'here'],
      );
    },
  ],
  [
    'answers everything else while many certificates are signed in the token',
    async (world) => {
      let longest = 0;
      let busy = true;
      const pings = (async () => {
        while (busy) {
          const began = performance.now();
          await world.ca.ca.ping();
          longest = Math.max(longest, performance.now() - began);
        }
      })();
      await Promise.all(Array.from({ length: 40 }, (_, index) => sign(world, `m${index}.token.test`)));
      busy = false;
      await pings;
      assert.ok(longest < 2_000, `a ping took ${Math.round(longest)} ms`);
    },
  ],
  [
    'keeps serving while the token is out, and says that it cannot sign now',
    async (world) => {
      await world.hsm.takeOut();
      await assert.rejects(
        sign(world, 'd.token.test'),
        /no token is there|the token failed|not in the token/,
      );
      await world.ca.ca.ping();
      const { authorities } = await world.ca.tasks.call('get_authorities', {});
      assert.ok((await world.ca.tasks.call('get_crl', { issuer: authorities[0]?.id ?? '' })).length > 0);
      assert.match(await ocsp(world).catch((error: Error) => error.message), /trylater/i);
    },
  ],
  [
    'signs again as soon as the token is back, without a restart',
    async (world) => {
      await world.hsm.putBack();
      await soon('it did not sign again', async () =>
        opensslAgrees(world, await sign(world, 'e.token.test')),
      );
    },
  ],
];
