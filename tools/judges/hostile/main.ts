import { acmeAttacks } from './acme.js';
import { httpAttacks } from './http.js';
import { prepareTarget } from './target.js';
import { trustAttacks } from './trust.js';

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Attacks a fresh uPKI from outside and reports which promises held. */
async function main(): Promise<number> {
  const target = await prepareTarget();
  const broken: string[] = [];
  try {
    const attacks = [...httpAttacks(target), ...acmeAttacks(target), ...trustAttacks(target)];
    for (const { promise, attempt, open } of attacks) {
      const began = performance.now();
      try {
        await attempt();
        say(`held    ${promise} (${Math.round(performance.now() - began)} ms)`);
      } catch (error) {
        if (!open) broken.push(promise);
        say(
          `${open ? 'OPEN   ' : 'BROKEN '} ${promise}\n        ${error instanceof Error ? error.message : error}`,
        );
      }
    }
    say(`${broken.length} of ${attacks.length} promises broken, beside those that are open`);
  } finally {
    await target.close();
  }
  return broken.length === 0 ? 0 : 1;
}

process.exitCode = await main();
