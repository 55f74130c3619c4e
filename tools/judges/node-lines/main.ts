import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { copyFile, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { startTestDns } from '../../kit/dns-hooks.js';
import { newFolder } from '../../kit/folder.js';
import { Tools } from '../../kit/tools.js';
import { type RunningUpki, runUpki, startUpki } from '../../kit/upki.js';
import { type LineClient, Refused, ROOT } from './client.js';
import { acmeSh, certbot, lego } from './commands.js';
import { caddy, traefik } from './servers.js';

const say = (line: string) => process.stdout.write(`${line}\n`);

const CLIENTS: LineClient[] = [certbot, lego, acmeSh, caddy, traefik];

/**
 * Runs the lines that `upki node add` prints, unchanged, each in a separate folder with the root: the account is
 * bound, gets the node's names and no others, and nothing once the node is removed. Needs ports 80 and 443. `--only caddy,lego` runs
 * only these.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const only = values.only?.split(',');
  const tools = await Tools.at();
  const dns = await startTestDns();
  const upki = await startUpki({ env: { UPKI_VA_RESOLVERS: dns.address, UPKI_RA_EAB_REQUIRED: 'true' } });
  let broken = 0;
  try {
    for (const client of CLIENTS) {
      if (only && !only.includes(client.name)) continue;
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

async function drive(client: LineClient, upki: RunningUpki, tools: Tools): Promise<void> {
  const folder = newFolder('lines');
  try {
    await copyFile(upki.rootPath, join(folder, ROOT));
    const path = [...(await client.install(tools)), process.env.PATH ?? ''].join(delimiter);
    const env = { PATH: path, HOME: folder };
    const command = async (...args: string[]) => {
      return JSON.parse(await runUpki([...args, '--json', '-d', upki.dataDir], { cwd: folder }));
    };
    const label = client.name.replace(/\W/g, '');
    const host = `press.${label}.plant.internal`;
    const made = await command('node', 'add', label, '--names', host, '--profile', 'webapp');
    const printed: string = made.clients[client.name];
    const place = { folder, env };
    const leaf = await client.obtain(printed, host, place);
    assert.equal(leaf.subjectAltName, `DNS:${host}`);

    const other = `not.${host}`;
    const said = await refused(client.obtain(printed.replaceAll(host, other), other, place));
    assert.match(said, /rejectedIdentifier|rejected|not.*(?:may|node)/i);

    const { certificates } = await command('node', 'show', label);
    assert.ok(certificates.includes(leaf.serialNumber.toLowerCase()), 'the certificate is not the node’s');
    const removed = await command('node', 'remove', label, '--yes');
    assert.ok(removed.revoked.includes(leaf.serialNumber.toLowerCase()), 'the certificate was not revoked');
    const again = `again.${host}`;
    const forced = printed.replace('certonly', 'certonly --force-renewal').replaceAll(host, again);
    await refused(client.obtain(forced, again, place));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The client's output when it got nothing. */
async function refused(work: Promise<X509Certificate>): Promise<string> {
  const failure = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (failure instanceof Refused) return failure.message;
  throw failure ?? new Error('it got a certificate');
}

process.exitCode = await main();
