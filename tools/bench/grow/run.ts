import { homedir } from 'node:os';
import { join } from 'node:path';
import { Contender } from '../contenders.js';
import { median } from '../measure/percentiles.js';
import { memoryOf } from '../measure/processes.js';
import { summarize } from '../measure/summary.js';
import type { TurnOptions } from '../measure/turn.js';
import type { TestNetwork } from '../network.js';
import { startUpkiTarget } from '../servers/upki.js';
import { crlUnderLoad } from './crl-load.js';
import { fill } from './fill.js';
import { compareLookups } from './lookups.js';

const SMALL = 1_000;
const REVOKED = 100_000;
const STARTS = 5;

/** Compares the cost of a system that has issued `size` certificates with one that has issued a thousand. */
export async function runGrow(
  size: number,
  network: TestNetwork,
  options: TurnOptions & { turns: number },
  say: (line: string) => void,
): Promise<void> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'upki-bench');
  say(
    `filling the stores with ${size} accounts, orders and certificates, ${Math.min(REVOKED, size)} of them revoked`,
  );
  const small = await fill(join(cache, `grown-${SMALL}`), SMALL, SMALL / 10, say);
  const large = await fill(join(cache, `grown-${size}`), size, REVOKED, say);

  say(`\nµs of CPU a question, median                ${SMALL}    ${size}   ratio`);
  for (const [name, [before, after]] of await compareLookups(small, large))
    say(
      `  ${name.padEnd(32)}${before.toFixed(0).padStart(7)}${after.toFixed(0).padStart(11)}${(after / before).toFixed(2).padStart(8)}`,
    );

  const starts: [number[], number[]] = [[], []];
  const memory: [number[], number[]] = [[], []];
  for (let turn = 0; turn < STARTS; turn += 1) {
    for (const [which, { dataDir }] of [small, large].entries()) {
      const began = performance.now();
      const target = await startUpkiTarget(network, { dataDir });
      (which === 0 ? starts[0] : starts[1]).push(performance.now() - began);
      const total = Object.values(target.pids).reduce((sum, pid) => sum + memoryOf(pid).now, 0);
      (which === 0 ? memory[0] : memory[1]).push(total);
      await target.stop();
    }
  }
  const line = (what: string, [before, after]: [number[], number[]], unit: string) => {
    const [a, b] = [median(before), median(after)];
    say(
      `${what.padEnd(34)}${a.toFixed(0).padStart(7)}${b.toFixed(0).padStart(11)}${(b / a).toFixed(2).padStart(8)}  ${unit}`,
    );
  };
  say('');
  line('start until it serves', starts, 'ms');
  line('RSS of both after the start', memory, 'MiB');

  const contenders = [small, large].map(
    ({ dataDir }) => new Contender(() => startUpkiTarget(network, { dataDir })),
  );
  try {
    for (let turn = 0; turn < options.turns; turn += 1)
      for (const contender of contenders) await contender.takeTurn(network.responder, options);
    const [before, after] = contenders.map(summarize);
    if (before && after) {
      line(
        'server CPU per certificate',
        [[before.cpuPerIssuance * 1000], [after.cpuPerIssuance * 1000]],
        'µs',
      );
      line('certificates a second', [[before.issuancesPerSecond], [after.issuancesPerSecond]], '/s');
      line('whole flow, p50', [[before.whole.p50], [after.whole.p50]], 'ms');
      line('RSS of both under load', [[before.peakRss], [after.peakRss]], 'MiB');
    }
  } finally {
    for (const contender of contenders) await contender.stop();
  }

  say('');
  await crlUnderLoad(large.dataDir, network, options, say);
}
