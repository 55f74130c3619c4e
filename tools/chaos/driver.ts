import { Contender } from '../bench/contenders.js';
import { cryptoFloor } from '../bench/measure/crypto-floor.js';
import { summarize } from '../bench/measure/summary.js';
import { openNetwork } from '../bench/network.js';
import { machine, report } from '../bench/report.js';
import { startReplicas } from '../bench/servers/upki-replicas.js';
import type { Tools } from '../kit/tools.js';

/**
 * Runs the load driver of the benchmark through the balancer and prints its figures. Fails if any certificate fails, or if a program logs an
 * error.
 */
export async function runDriver(
  clients: number,
  tools: Tools,
  say: (line: string) => void,
): Promise<boolean> {
  say(machine());
  const findings: string[] = [];
  const onOutput = (program: string, line: string) => {
    if (line.includes('"level":50')) findings.push(`${program} logged: ${line}`);
  };
  const network = await openNetwork(0);
  const contender = new Contender(() => startReplicas(network, { ras: 3, tools, onOutput }));
  try {
    await contender.takeTurn(network.responder, { clients, seconds: 15, warmUp: 5 });
    const summary = summarize(contender);
    say(report(summary, cryptoFloor(summary.requestsPerIssuance)));
    findings.push(...summary.failures.map(([what, count]) => `${count} certificates: ${what}`));
    if (summary.stalls > 0) findings.push('nothing was issued for seconds, and all was started again');
  } finally {
    await contender.stop();
    await network.close();
  }
  for (const finding of findings) say(finding);
  return findings.length === 0;
}
