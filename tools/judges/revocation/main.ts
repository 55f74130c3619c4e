import { join } from 'node:path';
import { serialOf } from '../../interop/checks.js';
import { certbot } from '../../interop/clients/certbot.js';
import { startUpkiAuthority, type UpkiAuthority } from '../../interop/upki.js';
import { makeWorld } from '../../interop/world.js';
import { caChannel } from '../../kit/ca-channel.js';
import { NotInstallable, Tools } from '../../kit/tools.js';
import { checkersOf } from './checkers.js';
import type { Verdict } from './verdict.js';

/**
 * A certificate that certbot obtains from a fresh uPKI is put on hold, released, and revoked for good. At every stage
 * OpenSSL and certbot must agree with the CA, by the URLs in the certificate.
 */

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const tools = await Tools.at();
  let program: string;
  try {
    program = await tools.pip('certbot');
  } catch (error) {
    if (!(error instanceof NotInstallable)) throw error;
    say(`certbot cannot be installed here, nothing was checked: ${error.message}`);
    return 1;
  }
  let authority: UpkiAuthority | null = null;
  const world = await makeWorld('certbot', join(tools.cache, 'runs'), async (validation, folder) => {
    // The name in the URLs of certificates must resolve on this machine.
    authority = await startUpkiAuthority(validation, folder, { UPKI_RA_CN: 'localhost' });
    return authority;
  });
  const failures: string[] = [];
  try {
    if (authority === null) throw new Error('uPKI does not run');
    failures.push(...(await run(world, authority, program, tools)));
  } finally {
    await world.close();
  }
  if (failures.length === 0) await world.forget();
  else say(`files and logs are kept in ${world.folder}`);
  return failures.length === 0 ? 0 : 1;
}

async function run(
  world: Awaited<ReturnType<typeof makeWorld>>,
  { upki }: UpkiAuthority,
  program: string,
  tools: Tools,
): Promise<string[]> {
  const session = await (await certbot.install(tools)).open(world);
  const obtained = await session.obtain['http-01']?.();
  if (!obtained || !session.revoke) throw new Error('certbot obtained nothing');
  const { chain } = obtained;
  const checkers = await checkersOf(world, tools, {
    chain,
    lineage: world.name('web'),
    certbot: program,
    baseUrl: upki.baseUrl,
  });
  const ca = await caChannel(upki);
  const serial = serialOf(chain);
  const dn = `0x${serial}`;
  const stages: [string, Verdict, () => Promise<unknown>][] = [
    ['issued', 'good', async () => undefined],
    ['on hold', 'revoked', () => ca.tasks.call('revoke', { dn, reason: 'certificateHold' })],
    ['off hold', 'good', () => ca.tasks.call('unrevoke', { dn })],
    ['revoked by certbot', 'revoked', session.revoke],
  ];
  const failures: string[] = [];
  for (const [stage, expected, change] of stages) {
    await change();
    const { status } = await ca.ca.status({ serial: serial.toLowerCase() });
    if (status !== expected) failures.push(`${stage}: the CA itself says ${status}`);
    for (const { name, check } of checkers) {
      const said = await check().catch((error: Error) => error.message);
      const agrees = said === expected;
      say(`${stage.padEnd(20)}${name.padEnd(42)}${agrees ? said : `FAILED: ${said}`}`);
      if (!agrees) failures.push(`${stage}: ${name}: ${said}`);
    }
  }
  ca.close();
  say(`\n${stages.length * checkers.length} checks, ${failures.length} disagree with the CA`);
  return failures;
}

process.exitCode = await main();
