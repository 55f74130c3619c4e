import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Authority, Validation } from '../interop/authority.js';
import { certbot } from '../interop/clients/certbot.js';
import { lego } from '../interop/clients/lego.js';
import { isOnCrl } from '../interop/crl.js';
import { drive } from '../interop/drive.js';
import type { Tools } from '../kit/tools.js';
import { download } from '../promises/crl.js';
import type { Report as ReportFinding } from '../promises/findings.js';
import { Cluster } from './cluster.js';

/** Runs certbot and lego with all their features through the balancer. @throws NotInstallable */
export async function runClients(tools: Tools, say: (line: string) => void): Promise<boolean> {
  const failures: string[] = [];
  for (const client of [certbot, lego]) {
    const installed = await client.install(tools);
    const start = (validation: Validation, folder: string) =>
      clusterAuthority(tools, validation, folder, say, (_, what) => failures.push(what));
    const report = await drive(client.name, installed, join(tools.cache, 'runs'), start, say);
    failures.push(...report.failures.map((failure) => `${client.name}: ${failure}`));
  }
  for (const failure of failures) say(failure);
  return failures.length === 0;
}

async function clusterAuthority(
  tools: Tools,
  validation: Validation,
  folder: string,
  say: (line: string) => void,
  report: ReportFinding,
): Promise<Authority> {
  const cluster = await Cluster.start({
    tools,
    report,
    env: {
      UPKI_VA_RESOLVERS: validation.dns,
      UPKI_VA_HTTP_PORT: String(validation.httpPort),
      UPKI_VA_TLS_PORT: String(validation.tlsPort),
    },
  });
  return {
    directoryUrl: cluster.directoryUrl,
    serverRoot: cluster.rootPath,
    root: cluster.rootPem,
    async isRevoked(serial, chain) {
      const crl = join(folder, 'crl.der');
      await writeFile(crl, await download(`${cluster.plainUrl}/ca.crl`));
      return isOnCrl(crl, serial, chain, folder);
    },
    async stop() {
      const connections = (await cluster.haproxy?.connections()) ?? [];
      say(`through ${cluster.front}; connections by RA: ${connections.join(', ')}`);
      if (connections.includes(0)) report('unexpected', 'the balancer left an RA out');
      await cluster.stop();
      await cluster.forget();
    },
  };
}
