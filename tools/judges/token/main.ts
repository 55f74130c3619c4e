import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { signerFor } from '../../../src/x509/algorithms.js';
import { createCsr } from '../../../src/x509/csr.js';
import { dn } from '../../../src/x509/name.js';
import { toPem } from '../../../src/x509/pem.js';
import { caChannel } from '../../kit/ca-channel.js';
import { startCluster } from '../../kit/cluster.js';
import { type CommandFailed, run } from '../../kit/command.js';
import { PostgresServer } from '../../kit/postgres/server.js';
import { NotInstallable, Tools } from '../../kit/tools.js';
import { type RunningUpki, startUpki } from '../../kit/upki.js';
import { SoftHsm } from './softhsm.js';

/**
 * A uPKI whose keys (root, issuer, OCSP) are made in SoftHSM and never leave it: it issues, signs CRLs and OCSP responses, rolls over,
 * and lives through the token being taken out and put back.
 */

const say = (line: string) => process.stdout.write(`${line}\n`);
type Channel = Awaited<ReturnType<typeof caChannel>>;

interface World {
  hsm: SoftHsm;
  upki: RunningUpki;
  ca: Channel;
  /** The `upki` command beside the running programs. */
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

const sign = async ({ ca }: World, name: string): Promise<string> =>
  (await ca.tasks.call('sign', { csr: request(name), profile: 'webapp' })).certificate;

/** `openssl verify` with the CRL of every authority, and `openssl ocsp` where the certificate says to ask. */
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

async function soon(what: string, check: () => Promise<unknown>): Promise<void> {
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

const STEPS: [string, (world: World) => Promise<void>][] = [
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

/** The second CA has the successor's place from the database, and the key from the token. */
async function twoCas(hsm: SoftHsm): Promise<void> {
  const database = await PostgresServer.start();
  const { env, program } = hsm;
  const cluster = await startCluster({
    databaseUrl: database.url(),
    ras: 1,
    cas: 2,
    env,
    program: () => program,
  });
  try {
    const on = (ca: string, ...args: string[]) =>
      run(process.execPath, [program, ...args], {
        env: { ...env, UPKI_DATA_DIR: join(cluster.folder, ca), UPKI_CA_DATABASE_URL: database.url() },
      });
    const [, id = ''] =
      /^The issuer ([0-9a-f]{20}) signs from now on/.exec(await on('ca1', 'ca', 'rollover', 'issuer')) ?? [];
    const out = join(cluster.folder, 'administrator');
    await on('ca2', 'admin', 'add', 'two', '--out', out);
    const key = await readFile(join(cluster.folder, 'ca2', 'issuers', `${id}.key`), 'utf8');
    assert.match(key, /^pkcs11:token=upki;object=upki%20issuer/);
    const chain = join(out, 'two.crt');
    assert.match(
      await run('openssl', [
        'verify',
        '-CAfile',
        join(cluster.folder, 'ca2', 'ca.crt'),
        '-untrusted',
        chain,
        chain,
      ]),
      /: OK/,
    );
    const known: { id: string; dn: string }[] = JSON.parse(await on('ca2', 'ca', 'status', '--json'));
    const name = /CN=([^,]+)/.exec(known.find((each) => each.id === id)?.dn ?? '')?.[1] ?? 'nobody';
    assert.ok((await run('openssl', ['x509', '-in', chain, '-noout', '-issuer'])).includes(name), name);
    await cluster.stopInOrder();
  } finally {
    await cluster.stop();
    await database.remove();
  }
}

async function main(): Promise<number> {
  const tools = await Tools.at();
  let hsm: SoftHsm;
  try {
    hsm = await SoftHsm.create(tools);
  } catch (error) {
    if (!(error instanceof NotInstallable)) throw error;
    say(`nothing was checked: ${error.message}`);
    return 1;
  }
  const env = { ...hsm.env, UPKI_RA_CN: 'localhost' };
  const dataDir = join(hsm.folder, 'upki');
  const start = (ports?: RunningUpki['ports']) =>
    startUpki({ program: hsm.program, env, dataDir, ...(ports && { ports }) });
  const failures: string[] = [];
  const attempt = async (what: string, work: () => Promise<void>) => {
    const began = performance.now();
    try {
      await work();
      say(`held    ${what} (${Math.round(performance.now() - began)} ms)`);
    } catch (error) {
      failures.push(what);
      say(`BROKEN  ${what}\n        ${error instanceof Error ? error.message : error}`);
    }
  };
  await mkdir(dataDir);
  let upki = await start();
  try {
    const command = (...args: string[]) =>
      run(process.execPath, [hsm.program, ...args, '-d', dataDir], { env });
    const world: World = { hsm, upki, ca: await caChannel(upki), command };
    for (const [what, work] of STEPS) await attempt(what, () => work(world));
    world.ca.close();
    await upki.stop();
    await attempt('starts without the token, and signs once it is there', async () => {
      await hsm.takeOut();
      upki = await start(upki.ports);
      world.ca = await caChannel(upki);
      await assert.rejects(sign(world, 'f.token.test'));
      await hsm.putBack();
      await soon('it did not sign', () => sign(world, 'g.token.test'));
      world.ca.close();
      await upki.stop();
    });
    await attempt(
      'ends a start with a wrong PIN in a sentence with 78, after one attempt: the token is not locked',
      async () => {
        await hsm.usePin('9999');
        for (let tries = 1; tries <= 4; tries += 1) {
          const said = await command('ca', 'status').catch((error: CommandFailed) => error.message);
          assert.match(said, /ended with 78[\s\S]*the token refuses the PIN/);
        }
        await hsm.usePin(null);
        assert.match(await command('ca', 'status'), /its key is in a token, pkcs11:token=upki;/);
      },
    );
    await attempt('two CAs on one database: both find the successor in the token', () => twoCas(hsm));
  } finally {
    if (upki.alive()) await upki.stop();
    if (failures.length === 0) await hsm.close();
    else say(`files are kept in ${hsm.folder}`);
  }
  say(`${failures.length} of ${STEPS.length + 3} broken`);
  return failures.length === 0 ? 0 : 1;
}

process.exitCode = await main();
