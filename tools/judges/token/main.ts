import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { caChannel } from '../../kit/ca-channel.js';
import { type CommandFailed, run } from '../../kit/command.js';
import { NotInstallable, Tools } from '../../kit/tools.js';
import { type RunningUpki, startUpki } from '../../kit/upki.js';
import { pinInEnvironment } from './pin-in-environment.js';
import { SoftHsm } from './softhsm.js';
import { STEPS, sign, soon, type World } from './steps.js';
import { twoCas } from './two-cas.js';

/**
 * A uPKI whose keys (root, issuer, OCSP) are made in SoftHSM and never leave it. It issues, signs CRLs and OCSP responses, rolls over,
 * and survives that the token is removed and inserted again.
 */

const say = (line: string) => process.stdout.write(`${line}\n`);
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
    await attempt('every command that opens the CA takes the PIN from UPKI_CA_TOKEN_PIN', () =>
      pinInEnvironment(hsm),
    );
    await attempt('two CAs on one database: both find the successor in the token', () => twoCas(hsm));
  } finally {
    if (upki.alive()) await upki.stop();
    if (failures.length === 0) await hsm.close();
    else say(`files are kept in ${hsm.folder}`);
  }
  say(`${failures.length} of ${STEPS.length + 4} broken`);
  return failures.length === 0 ? 0 : 1;
}

process.exitCode = await main();
