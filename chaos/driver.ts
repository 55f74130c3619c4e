import { Contender } from '../bench/contenders.js';
import { startResponder } from '../bench/driver/responder.js';
import { cryptoFloor } from '../bench/measure/crypto-floor.js';
import { summarize } from '../bench/measure/summary.js';
import { machine, report } from '../bench/report.js';
import { startTestDns } from '../interop/dns-server.js';
import type { Tools } from '../interop/tools.js';
import { Cluster } from './cluster.js';

/** The load driver of the benchmark through the balancer; prints its figures. Fails when any certificate does. */
export async function runDriver(
  clients: number,
  tools: Tools,
  say: (line: string) => void,
): Promise<boolean> {
  say(machine());
  const dns = await startTestDns();
  const responder = await startResponder(0);
  const findings: string[] = [];
  const cluster = await Cluster.start({
    tools,
    durable: true,
    env: { UPKI_VA_RESOLVERS: dns.address, UPKI_VA_HTTP_PORT: String(responder.port) },
    report: (_, what) => findings.push(what),
  });
  const target = {
    name: `three RAs behind ${cluster.front}, two CAs, PostgreSQL`,
    version: '',
    state: 'durable' as const,
    identifiers: 'dns' as const,
    directoryUrl: cluster.directoryUrl,
    serverRoot: cluster.rootPem,
    pids: Object.fromEntries([...cluster.ras, ...cluster.cas].map(({ name, pid }) => [name, pid ?? 0])),
    groups: () => ({ PostgreSQL: cluster.database.pids() }),
    stop: () => cluster.stop(),
  };
  try {
    const contender = new Contender(async () => target);
    await contender.takeTurn(responder, { clients, seconds: 15, warmUp: 5 });
    const summary = summarize(contender);
    say(report(summary, cryptoFloor(summary.requestsPerIssuance)));
    findings.push(...summary.failures.map(([what]) => what));
    await target.stop();
  } finally {
    await cluster.abort();
    await responder.close();
    await dns.close();
  }
  await cluster.forget();
  for (const finding of findings) say(finding);
  return findings.length === 0;
}
