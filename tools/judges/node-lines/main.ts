import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { ACME_SH_COMMIT } from '../../interop/clients/acme-sh.js';
import { LEGO_5 } from '../../interop/clients/lego.js';
import { CommandFailed, run } from '../../kit/command.js';
import { startTestDns } from '../../kit/dns-hooks.js';
import { Tools } from '../../kit/tools.js';
import { CHECKOUT, inherited, type RunningUpki, startUpki } from '../../kit/upki.js';

const say = (line: string) => process.stdout.write(`${line}\n`);

interface Client {
  /** As `upki node add` calls its line. */
  name: string;
  /** Folders of its programs. */
  install(tools: Tools): Promise<string[]>;
  /** Where it leaves the certificate, below its HOME. */
  certificate(host: string): string;
  /** The printed line without its folders, which of certbot are the machine's. */
  folders?: string;
}

const CLIENTS: Client[] = [
  {
    name: 'certbot',
    install: async (tools) => [dirname(await tools.pip('certbot'))],
    certificate: (host) => `config/live/${host}/fullchain.pem`,
    folders: '--config-dir config --work-dir work --logs-dir logs',
  },
  {
    name: 'lego',
    install: async (tools) => [dirname(await tools.goFrom(LEGO_5))],
    certificate: (host) => `.lego/certificates/${host}.crt`,
  },
  {
    name: 'acme.sh',
    install: async (tools) => [
      await tools.source('acmesh-official/acme.sh', ACME_SH_COMMIT),
      dirname(await tools.apt('socat')),
    ],
    certificate: (host) => `.acme.sh/${host}_ecc/fullchain.cer`,
  },
];

/**
 * Runs the lines that `upki node add` prints, as they are printed, each in a folder of its own that has the root beside it: the account is
 * bound, gets what the node may have, and nothing else; when the node is removed it gets nothing more. Needs port 80.
 */
async function main(): Promise<number> {
  const tools = await Tools.at();
  const dns = await startTestDns();
  const upki = await startUpki({ env: { UPKI_VA_RESOLVERS: dns.address, UPKI_RA_EAB_REQUIRED: 'true' } });
  let broken = 0;
  try {
    for (const client of CLIENTS) {
      const failure = await drive(client, upki, tools).then(
        () => null,
        (error: Error) => error,
      );
      if (failure !== null) broken += 1;
      say(`${failure === null ? 'held  ' : 'BROKEN'}  the line for ${client.name}`);
      if (failure !== null) say(`        ${failure.message.split('\n').slice(-12).join('\n        ')}`);
    }
  } finally {
    await upki.stop();
    await dns.close();
  }
  return broken === 0 ? 0 : 1;
}

async function drive(client: Client, upki: RunningUpki, tools: Tools): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'upki-lines-'));
  try {
    await copyFile(upki.rootPath, join(folder, 'upki-root.crt'));
    const path = [...(await client.install(tools)), process.env.PATH ?? ''].join(delimiter);
    const env = { ...inherited(), PATH: path, HOME: folder };
    const command = async (...args: string[]) => {
      const main = join(CHECKOUT, 'dist/cli/main.js');
      return JSON.parse(
        await run(process.execPath, [main, ...args, '--json', '-d', upki.dataDir], { cwd: folder }),
      );
    };
    const label = client.name.replace(/\W/g, '');
    const host = `press.${label}.plant.internal`;
    const made = await command('node', 'add', label, '--names', host, '--profile', 'webapp');
    const printed: string = made.clients[client.name];
    const line = client.folders === undefined ? printed : `${printed} ${client.folders}`;
    const shell = (text: string) => run('sh', ['-c', text], { cwd: folder, env });
    await shell(line);
    const leaf = new X509Certificate(await readFile(join(folder, client.certificate(host))));
    assert.equal(leaf.subjectAltName, `DNS:${host}`);

    const other = await refused(shell(line.replaceAll(host, `not.${host}`)));
    assert.match(other, /rejectedIdentifier|rejected|not.*(?:may|node)/i);

    const { certificates } = await command('node', 'show', label);
    assert.ok(certificates.includes(leaf.serialNumber.toLowerCase()), 'the certificate is not the node’s');
    const removed = await command('node', 'remove', label, '--yes');
    assert.ok(removed.revoked.includes(leaf.serialNumber.toLowerCase()), 'the certificate was not revoked');
    await refused(
      shell(line.replace('certonly', 'certonly --force-renewal').replaceAll(host, `again.${host}`)),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the client said when it got nothing. */
async function refused(work: Promise<string>): Promise<string> {
  const failure = await work.then(
    () => null,
    (error: unknown) => error,
  );
  assert.ok(failure instanceof CommandFailed, 'it got a certificate');
  return failure.message;
}

process.exitCode = await main();
