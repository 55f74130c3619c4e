import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../../kit/cluster.js';
import { run } from '../../kit/command.js';
import { newFolder } from '../../kit/folder.js';
import { PostgresServer } from '../../kit/postgres/server.js';
import { NotInstallable, Tools } from '../../kit/tools.js';
import { runUpki, startUpki } from '../../kit/upki.js';
import { type EstServer, StrongSwanDevice, strongSwan } from './strongswan.js';

/**
 * A foreign EST client, strongSwan's, fetches the CA's certificates, enrols by name and seed and renews by the certificate it
 * got: at one uPKI on SQLite, and at two RAs and a CA on one PostgreSQL behind a round robin, where consecutive requests reach different RAs.
 */

const say = (line: string) => process.stdout.write(`${line}\n`);
const PROFILE = 'webapp';

interface Site extends EstServer {
  what: string;
  /** Data directory of an RA, for an administrator's commands. */
  dataDir: string;
  stop(): Promise<unknown>;
}

async function one(): Promise<Site> {
  const upki = await startUpki({ env: { UPKI_RA_CN: 'localhost' } });
  const { baseUrl, rootPath, dataDir } = upki;
  return { what: 'one uPKI on SQLite', baseUrl, rootPath, dataDir, stop: () => upki.stop() };
}

async function replicas(folder: string): Promise<Site> {
  const server = await PostgresServer.start();
  let cluster: Cluster;
  try {
    cluster = await startCluster({
      databaseUrl: server.url(),
      ras: 2,
      cas: 1,
      env: { UPKI_RA_CN: 'localhost' },
    });
  } catch (error) {
    await server.remove();
    throw error;
  }
  const rootPath = join(folder, 'root.pem');
  await writeFile(rootPath, cluster.rootPem);
  return {
    what: 'two RAs on PostgreSQL',
    baseUrl: new URL(cluster.directoryUrl).origin,
    rootPath,
    dataDir: join(cluster.folder, 'ra1'),
    async stop() {
      await cluster.stop();
      await server.remove();
    },
  };
}

/** Registers a node as its administrator does; returns its seed. */
async function register(site: Site, name: string): Promise<string> {
  const command = ['node', 'add', name, '--profile', PROFILE, '--dir', site.dataDir, '--json'];
  const { seed }: { seed: string } = JSON.parse(await runUpki(command));
  return seed;
}

async function judge(site: Site, program: string, folder: string): Promise<number> {
  await mkdir(folder);
  const log = join(folder, 'client.log');
  let failures = 0;
  const step = async <T>(what: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      const result = await work();
      say(`${site.what.padEnd(24)}${what.padEnd(44)}ok`);
      return result;
    } catch (error) {
      failures += 1;
      say(
        `${site.what.padEnd(24)}${what.padEnd(44)}FAILED: ${error instanceof Error ? error.message : error}`,
      );
      return null;
    }
  };
  const device = new StrongSwanDevice(program, site, folder, log);
  const name = 'press-17.plant.lan';
  await step('cacerts', async () => {
    const subjects = await device.caCertificates();
    if (subjects.length !== 2) throw new Error(`it found ${subjects.join(' and ')}`);
  });
  await step('a wrong seed is refused', async () => {
    await register(site, 'press-16.plant.lan');
    const refused = await device.enrol('press-16.plant.lan', 'upki-seed-wrong').then(
      () => false,
      () => true,
    );
    if (!refused) throw new Error('it was enrolled');
  });
  const first = await step('simpleenroll by name and seed', async () => {
    const enrolled = await device.enrol(name, await register(site, name));
    await check(site, enrolled.certificate, name);
    return enrolled;
  });
  if (first === null) return failures;
  // More often than there are replicas, so that each has issued, and each has renewed another's certificate.
  let current = first;
  for (let round = 1; round <= 3; round += 1) {
    await step(`simplereenroll by its certificate, ${round}`, async () => {
      const renewed = await device.renew(name, current);
      await check(site, renewed.certificate, name);
      if ((await serialOf(renewed.certificate)) === (await serialOf(current.certificate)))
        throw new Error('the certificate is still the same');
      current = renewed;
    });
  }
  return failures;
}

const serialOf = async (file: string): Promise<string> =>
  new X509Certificate(await readFile(file)).serialNumber;

/** The certificate has the node's names and is signed by this CA. */
async function check(site: Site, file: string, name: string): Promise<void> {
  const certificate = new X509Certificate(await readFile(file));
  if (certificate.subjectAltName !== `DNS:${name}`)
    throw new Error(`it is for ${certificate.subjectAltName}`);
  const chain = await run('curl', [
    ...['-fsS', '--cacert', site.rootPath, `${site.baseUrl}/api/v1/public/ca?format=chain`],
  ]);
  const issuers = chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  if (!issuers.some((pem) => certificate.verify(new X509Certificate(pem).publicKey)))
    throw new Error('it is of another authority');
}

async function main(): Promise<number> {
  const tools = await Tools.at();
  let program: string;
  try {
    program = await strongSwan(tools);
  } catch (error) {
    if (!(error instanceof NotInstallable)) throw error;
    say(`strongSwan cannot be installed here, nothing was checked: ${error.message}`);
    return 1;
  }
  const folder = newFolder('est');
  let failures = 0;
  for (const [kind, start] of [
    ['single', one],
    ['replicas', () => replicas(folder)],
  ] as const) {
    const site = await start();
    try {
      failures += await judge(site, program, join(folder, kind));
    } finally {
      await site.stop();
    }
  }
  say(
    `\n${failures === 0 ? 'EST works with strongSwan' : `${failures} steps failed; logs are in ${folder}`}`,
  );
  if (failures === 0) await rm(folder, { recursive: true, force: true });
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
