import type { StartAuthority } from './authority.js';
import { checkNotRevoked, checkRevoked, checkUse, serialOf } from './checks.js';
import { CHALLENGES, type Installed, type Obtained } from './client.js';
import type { Outcome, Report } from './table.js';
import { makeWorld } from './world.js';

/** Drives one client through all its features against a fresh authority. Keeps the world after a failure. */
export async function drive(
  name: string,
  installed: Installed,
  folder: string,
  start: StartAuthority,
  say: (line: string) => void,
  settings: Record<string, string> = {},
): Promise<Report> {
  const report: Report = { client: name, version: installed.version, outcomes: {}, failures: [] };
  const step = async <T>(feature: keyof Report['outcomes'], work: () => Promise<T>): Promise<T | null> => {
    const began = Date.now();
    const outcome: Outcome = { passed: false, seconds: 0 };
    try {
      const result = await work();
      outcome.passed = report.outcomes[feature]?.passed ?? true;
      return result;
    } catch (error) {
      report.failures.push(`${feature}: ${error instanceof Error ? error.message : error}`);
      return null;
    } finally {
      outcome.seconds = (Date.now() - began) / 1000 + (report.outcomes[feature]?.seconds ?? 0);
      report.outcomes[feature] = outcome;
      say(`${name}: ${feature} ${outcome.passed ? 'ok' : 'FAILED'} ${outcome.seconds.toFixed(1)} s`);
    }
  };

  const world = await step('start', () => makeWorld(name, folder, start, settings));
  if (!world) return report;
  const session = await installed.open(world);
  let current: Obtained | null = null;
  for (const challenge of CHALLENGES) {
    const obtain = session.obtain[challenge];
    if (!obtain) continue;
    const obtained = await step(challenge, obtain);
    if (obtained) await step('handshake', () => checkUse(world, obtained));
    if (challenge === 'http-01') current = obtained;
  }
  if (session.renew && current) {
    const before = current;
    const { renew } = session;
    const renewed = await step('renew', async () => {
      const after = await renew();
      if (serialOf(after.chain) === serialOf(before.chain))
        throw new Error('the certificate is still the same');
      return after;
    });
    if (renewed) await step('handshake', () => checkUse(world, renewed));
    current = renewed ?? current;
  }
  if (session.revoke && current) {
    const { chain } = current;
    const { revoke } = session;
    const revoked = await step('revoke', async () => {
      await checkNotRevoked(world, chain);
      await revoke();
      return true;
    });
    if (revoked) await step('on the CRL', () => checkRevoked(world, chain));
  }
  await step('stop', async () => {
    await session.close?.();
    await world.close();
  });
  if (report.failures.length === 0) await world.forget();
  else report.failures.push(`its files and logs are kept in ${world.folder}`);
  return report;
}
