import assert from 'node:assert/strict';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { certbot } from '../../interop/clients/certbot.js';
import { makeWorld } from '../../interop/world.js';
import { AcmeClient } from '../../kit/acme-client.js';
import { NotInstallable, Tools } from '../../kit/tools.js';
import { until } from '../../kit/until.js';
import { Installation } from './installation.js';
import { judgeNames } from './names.js';
import { readersOf } from './readers.js';
import { FOLLOWED, type Issued, issue, type Judge, say, stage } from './stages.js';

const USAGE = `npm run tool authority -- [--quick]

Two CAs and two RAs on one PostgreSQL go from one issuer to the next and from one root to the next. No file is copied and no program is
restarted. Before, between and after each step OpenSSL, Go and Java verify new and old certificates completely (CRL and OCSP), certbot chooses a
chain, and clients check what the RAs publish: roots, alternate chains, renewal times, their own certificates. Then they check name constraints.

  --quick   without certbot
`;

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
if (options.help) {
  process.stdout.write(USAGE);
  process.exit();
}

async function journey(judge: Judge): Promise<void> {
  const { upki, check } = judge;
  const before = await stage(judge, 'before', 1);
  const window = async ({ ari }: Issued) =>
    JSON.parse((await upki.fromRa(0, `/acme/renewal-info/${ari}`, await trusted(upki))).toString('utf8'))
      .suggestedWindow;
  await check('renewal information of a certificate says when, in weeks', async () =>
    assert.ok(Date.parse((await window(before)).start) > Date.now() + 86_400_000),
  );
  await upki.command('ca', 'rollover', 'issuer', '--now');
  await check('after rollover issuer --now clients are told to renew now (RFC 9773)', () =>
    until(FOLLOWED, async () => assert.ok(Date.parse((await window(before)).start) <= Date.now())),
  );
  await stage(judge, 'after the next issuer', 1);
  await upki.command('ca', 'rollover', 'root');
  await stage(judge, 'with two roots', 2);
  await upki.command('ca', 'rollover', 'root', '--switch');
  await stage(judge, 'after the switch', 2);
  await upki.command('ca', 'rollover', 'root', '--retire');
  await stage(judge, 'after the old root was retired', 1);
  say('\nafter restarts');
  for (const program of [...upki.cluster.cas, ...upki.cluster.ras]) {
    await check(`${program.name} starts again`, async () => {
      assert.equal(await program.stop(), 0);
      await program.start();
    });
  }
  await check('and issues', async () => void (await issue(judge, 'again')));
}

const trusted = async (upki: Installation): Promise<string> =>
  (await upki.liveRoots()).map(({ certificate }) => certificate).join('');

async function main(): Promise<number> {
  const tools = await Tools.at();
  if (!options.quick) await certbot.install(tools);
  let upki: Installation | null = null;
  const world = await makeWorld('authority', join(tools.cache, 'runs'), async (validation, folder) => {
    upki = await Installation.start(validation, folder);
    return upki;
  });
  if (upki === null) throw new Error('uPKI does not run');
  const running: Installation = upki;
  const failures: string[] = [];
  let checks = 0;
  const check = async (what: string, work: () => Promise<unknown>) => {
    checks += 1;
    const began = performance.now();
    const why = await work().then(
      () => null,
      (error: Error) => error.message,
    );
    if (why !== null) failures.push(what);
    say(
      `  ${why === null ? 'held  ' : 'BROKEN'} ${what} (${Math.round(performance.now() - began)} ms)${why === null ? '' : `\n         ${why}`}`,
    );
  };
  try {
    const readers = await readersOf(world, tools);
    const client = new AcmeClient({ directoryUrl: running.directoryUrl, ca: running.root });
    await client.newAccount();
    await journey({ world, upki: running, client, readers, tools, old: [], certbot: !options.quick, check });
    say('\nname constraints');
    await judgeNames(world, tools, readers, check);
  } finally {
    await world.close();
  }
  say(`\n${checks} checks, ${failures.length} broken`);
  if (failures.length === 0) await world.forget();
  else say(`files and logs are kept in ${world.folder}`);
  return failures.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof NotInstallable)) throw error;
  say(`nothing was checked: ${error.message}`);
  process.exitCode = 1;
}
