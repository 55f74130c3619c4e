import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startUpkiAuthority, type UpkiAuthority } from '../../interop/upki.js';
import { makeWorld, type World } from '../../interop/world.js';
import { run } from '../../kit/command.js';
import { NotInstallable, Tools } from '../../kit/tools.js';
import { until } from '../../kit/until.js';
import { UPKI } from '../../kit/upki.js';
import { gnutls, java, nss, openssl, rustls } from './libraries.js';
import { fetchMaterial, type Material, makeSubjects, STATES, type Subject } from './material.js';
import { apache, haproxy, nginx } from './servers.js';
import type { Verdict, Verifier } from './verifier.js';

const USAGE = `npm run tool verifiers -- [--quick] [--only NSS,nginx]

Servers and libraries that share no code with uPKI verify certificates it issued: a good one, a revoked one, one on hold, an
expired one; then without the root's CRL, and after the issuer itself was revoked.

  --quick   without rustls, which is compiled
  --only    those whose names begin so
`;

/** In the order they run. */
const FAMILIES: { find(tools: Tools): Promise<Verifier[]>; slow?: true }[] = [
  { find: openssl },
  { find: nginx },
  { find: apache },
  { find: haproxy },
  { find: gnutls },
  { find: nss },
  { find: java },
  { find: rustls, slow: true },
];

/** Milliseconds within which the root's CRL must list a revoked issuer. */
const CRL_LIMIT = 20_000;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  process.stdout.write(USAGE);
  process.exit();
}
const say = (line: string) => process.stdout.write(`${line}\n`);
const only = options.only?.split(',');

async function main(): Promise<number> {
  const tools = await Tools.at();
  const verifiers = await findAll(tools);
  if (verifiers.length === 0) {
    say('no verifier is here, nothing was checked');
    return 1;
  }
  let authority: UpkiAuthority | null = null;
  const world = await makeWorld('verifiers', join(tools.cache, 'runs'), async (validation, folder) => {
    // The name in the URLs of certificates must resolve on this machine.
    authority = await startUpkiAuthority(validation, folder, { UPKI_RA_CN: 'localhost' });
    return authority;
  });
  let failures = 0;
  try {
    if (authority === null) throw new Error('uPKI does not run');
    failures = await judgeAll(world, authority, verifiers);
  } finally {
    await world.close();
  }
  if (failures === 0) await world.forget();
  else say(`files and logs are kept in ${world.folder}`);
  return failures === 0 ? 0 : 1;
}

async function findAll(tools: Tools): Promise<Verifier[]> {
  const found: Verifier[] = [];
  for (const { find, slow } of FAMILIES) {
    if (slow && options.quick) continue;
    try {
      found.push(...(await find(tools)));
    } catch (error) {
      if (!(error instanceof NotInstallable)) throw error;
      say(`not installable: ${error.message.split('\n')[0]}`);
    }
  }
  return found.filter(({ name }) => only === undefined || only.some((start) => name.startsWith(start)));
}

async function judgeAll(world: World, authority: UpkiAuthority, verifiers: Verifier[]): Promise<number> {
  const subjects = await makeSubjects(world, authority);
  let checks = 0;
  let failures = 0;
  const stage = async (what: string, judges: Verifier[], material: Material, expected: Expected) => {
    for (const verifier of judges) {
      const opened = await verifier.open(material).catch((error: Error) => error);
      for (const [subject, verdict] of expected(verifier)) {
        const heard =
          opened instanceof Error
            ? opened.message
            : await opened.judge(subject).catch((error: Error) => error.message);
        checks += 1;
        if (heard !== verdict) failures += 1;
        const words = heard === verdict ? heard : `FAILED, not ${verdict}: ${heard}`;
        say(`${what.padEnd(24)}${subject.state.padEnd(9)}${verifier.name.padEnd(38)}${words}`);
      }
      if (!(opened instanceof Error)) await opened.close?.();
    }
  };

  await stage('', verifiers, await fetchMaterial(world, subjects.server), () =>
    STATES.map((state) => [subjects[state], state === 'on hold' ? 'revoked' : state]),
  );
  // If the issuer's status is unavailable, the verdict shows whether a verifier checks the issuer at all.
  const strict = verifiers.filter(({ needsEveryCrl }) => needsEveryCrl);
  const partly = await fetchMaterial(world, subjects.server, { withoutRootCrl: true });
  await stage("without the root's CRL", strict, partly, () => [[subjects.good, 'unknown']]);
  await revokeIssuer(world, authority, partly.issuer);
  const after = await fetchMaterial(world, subjects.server);
  await stage('issuer revoked', verifiers, after, ({ depth }) => [
    [subjects.good, depth === 'chain' ? 'revoked' : 'good'],
  ]);
  say(`\n${verifiers.length} verifiers, ${checks} checks, ${failures} failed`);
  return failures;
}

type Expected = (verifier: Verifier) => [Subject, Verdict][];

/** Revokes the issuer, as after a theft of its key; resolves when the root's CRL lists it. */
async function revokeIssuer(world: World, { upki }: UpkiAuthority, issuer: string): Promise<void> {
  const command = ['ca', 'rollover', 'issuer', '--now', '--revoke', '-d', upki.dataDir];
  await world.run(process.execPath, [UPKI, ...command]);
  await until(CRL_LIMIT, async () => {
    const said = await run('sh', [
      ...['-c', 'openssl verify -crl_check_all -crl_download -CAfile "$1" "$2" 2>&1 || true', 'sh'],
      ...[upki.rootPath, issuer],
    ]);
    if (!said.includes('certificate revoked'))
      throw new Error(`the root's CRL does not list the issuer: ${said}`);
  });
}

process.exitCode = await main();
