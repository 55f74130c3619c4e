import { X509Certificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ACME_SH_COMMIT } from '../../interop/clients/acme-sh.js';
import { startUpkiAuthority, type UpkiAuthority } from '../../interop/upki.js';
import { makeWorld, type World } from '../../interop/world.js';
import { NotInstallable, Tools } from '../../kit/tools.js';
import { until } from '../../kit/until.js';
import { UPKI } from '../../kit/upki.js';

/**
 * certbot and acme.sh choose a chain by `--preferred-chain` (RFC 8555 §7.4.2) in every phase of a root rollover, and OpenSSL
 * verifies each chain with a single trusted root.
 */

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
if (options.help) {
  process.stdout.write(
    'npm run tool chains -- [--quick]\n\n  --quick   only certbot, because no package registry has acme.sh\n',
  );
  process.exit();
}
const say = (line: string) => process.stdout.write(`${line}\n`);
const OLD = 'uPKI Root CA';
const NEW = 'uPKI Root CA 2';
/** The RA follows the CA within seconds. */
const FOLLOW_LIMIT = 30_000;

/** A client that obtains a certificate and returns its chain, PEM. */
interface Chooser {
  name: string;
  obtain(name: string, preferred: string | null): Promise<string>;
}

async function certbot(tools: Tools, world: World): Promise<Chooser> {
  const program = await tools.pip('certbot');
  return {
    name: 'certbot',
    async obtain(name, preferred) {
      await world.run(program, [
        ...['certonly', '--config-dir', 'config', '--work-dir', 'work', '--logs-dir', 'logs'],
        ...['--server', world.authority.directoryUrl, '--non-interactive', '--agree-tos'],
        ...['-m', 'admin@chains.internal', '--no-eff-email', '--standalone', '-d', name, '--force-renewal'],
        ...['--http-01-port', String(world.httpPort), '--http-01-address', '127.0.0.1'],
        ...(preferred === null ? [] : ['--preferred-chain', preferred]),
      ]);
      return world.read(`config/live/${name}/fullchain.pem`);
    },
  };
}

async function acmeSh(tools: Tools, world: World): Promise<Chooser> {
  const program = join(await tools.source('acmesh-official/acme.sh', ACME_SH_COMMIT), 'acme.sh');
  await mkdir(join(world.folder, 'acme.sh'));
  return {
    name: 'acme.sh',
    async obtain(name, preferred) {
      const { directoryUrl, serverRoot } = world.authority;
      await world.run(program, [
        ...[
          '--issue',
          '--force',
          '--standalone',
          '--httpport',
          String(world.httpPort),
          '--local-address',
          '127.0.0.1',
        ],
        ...['-d', name, '--home', join(world.folder, 'acme.sh'), '--server', directoryUrl],
        ...['--ca-bundle', serverRoot, ...(preferred === null ? [] : ['--preferred-chain', preferred])],
      ]);
      return world.read(`acme.sh/${name}_ecc/fullchain.cer`);
    },
  };
}

interface Wanted {
  preferred: string | null;
  /** Common names of the roots each of which suffices to verify the chain. */
  by: string[];
  /** Common names of the roots that do not. */
  notBy?: string[];
}

/** A phase: the command on the CA's machine, and what clients get from then on. */
const PHASES: [command: string[] | null, what: string, wanted: Wanted[]][] = [
  [null, 'one root', [{ preferred: null, by: [OLD] }]],
  [
    ['rollover', 'root'],
    'a second root',
    [
      { preferred: null, by: [OLD], notBy: [NEW] },
      { preferred: NEW, by: [NEW, OLD] },
      { preferred: OLD, by: [OLD], notBy: [NEW] },
    ],
  ],
  [
    ['rollover', 'root', '--switch'],
    'switched to it',
    [
      { preferred: null, by: [OLD, NEW] },
      { preferred: OLD, by: [OLD, NEW] },
      { preferred: NEW, by: [NEW], notBy: [OLD] },
    ],
  ],
  [['rollover', 'root', '--retire'], 'the old one retired', [{ preferred: null, by: [NEW], notBy: [OLD] }]],
];

async function main(): Promise<number> {
  const tools = await Tools.at();
  let authority: UpkiAuthority | null = null;
  const world = await makeWorld('chains', join(tools.cache, 'runs'), async (validation, folder) => {
    authority = await startUpkiAuthority(validation, folder);
    return authority;
  });
  let failures = 0;
  try {
    if (authority === null) throw new Error('uPKI does not run');
    failures = await judge(world, authority, await choosers(tools, world));
  } finally {
    await world.close();
  }
  if (failures === 0) await world.forget();
  else say(`files and logs are kept in ${world.folder}`);
  return failures === 0 ? 0 : 1;
}

async function choosers(tools: Tools, world: World): Promise<Chooser[]> {
  const found: Chooser[] = [];
  for (const find of options.quick ? [certbot] : [certbot, acmeSh]) {
    try {
      found.push(await find(tools, world));
    } catch (error) {
      if (!(error instanceof NotInstallable)) throw error;
      say(`not installable: ${error.message.split('\n')[0]}`);
    }
  }
  if (found.length === 0) throw new Error('no client is here');
  return found;
}

async function judge(world: World, { upki }: UpkiAuthority, clients: Chooser[]): Promise<number> {
  const roots = new Map([[OLD, await world.file('old.pem', upki.rootPem)]]);
  let failures = 0;
  let checks = 0;
  for (const [phase, [command, what, wanted]] of PHASES.entries()) {
    if (command) {
      const args = ['ca', ...command, '--dir', upki.dataDir];
      const said = await world.run(process.execPath, [UPKI, ...args]);
      const made = /-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/.exec(said)?.[0];
      if (made && !roots.has(NEW)) roots.set(NEW, await world.file('new.pem', made));
    }
    for (const client of clients)
      for (const [index, { preferred, by, notBy = [] }] of wanted.entries()) {
        const name = world.name(`${client.name.replace('.', '-')}-${phase}-${index}`);
        checks += 1;
        const complaint = await until(phase === 0 ? 0 : FOLLOW_LIMIT, async () => {
          const chain = await client.obtain(name, preferred);
          await verifies(world, chain, by, notBy, roots);
        }).then(
          () => null,
          (error: Error) => error.message,
        );
        if (complaint !== null) failures += 1;
        const asked = preferred === null ? '' : ` --preferred-chain "${preferred}"`;
        say(
          `${what.padEnd(22)}${`${client.name}${asked}`.padEnd(48)}${complaint === null ? 'ok' : `FAILED: ${complaint}`}`,
        );
      }
  }
  say(`\n${checks} chains, ${failures} failed`);
  return failures;
}

/** @throws Error if a root that should verify the chain does not, or one that should not does */
async function verifies(
  world: World,
  chain: string,
  by: string[],
  notBy: string[],
  roots: ReadonlyMap<string, string>,
): Promise<void> {
  const file = await world.file('chain.pem', chain);
  const verify = (root: string) => {
    const trust = ['-CAfile', roots.get(root) ?? '', '-no-CApath', '-no-CAstore', '-untrusted', file];
    return world.run('openssl', ['verify', '-x509_strict', ...trust, file]);
  };
  const pems = chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  const issuers = pems.map((pem) => new X509Certificate(pem).issuer.split('CN=').at(-1)).join(' < ');
  for (const root of by)
    await verify(root).catch((error) => {
      throw new Error(`"${root}" alone does not verify it (${issuers}): ${error.message}`);
    });
  for (const root of notBy) {
    const also = await verify(root).then(
      () => true,
      () => false,
    );
    if (also) throw new Error(`"${root}" alone verifies it, too (${issuers})`);
  }
}

process.exitCode = await main();
