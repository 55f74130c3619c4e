import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseCrl } from '../../src/x509/crl.js';
import { fromPem } from '../../src/x509/pem.js';
import { AcmeClient } from '../../tools/kit/acme-client.js';
import { caChannel } from '../../tools/kit/ca-channel.js';
import { newFolder } from '../../tools/kit/folder.js';
import { type RunningUpki, startUpki } from '../../tools/kit/upki.js';
import { certId, ocspRequest, readOcsp } from '../support/ocsp.js';
import { requestPem } from '../support/requests.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
}, 30_000);

const PASSPHRASE = { UPKI_BACKUP_PASSPHRASE: 'correct horse battery' };
/** What must be the same after a restore. */
const KEYS = [
  'ca/ca.key',
  'ca/issuer.key',
  'ca/channel.key',
  'ca/seed',
  'ra/ra.key',
  'ra/channel.key',
  'ra/ca.crt',
];
const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

async function start(dataDir: string, lines: string[] = []): Promise<RunningUpki> {
  const running = await startUpki({
    dataDir,
    env: { UPKI_RA_CN: 'localhost' },
    onOutput: (line) => lines.push(line),
  });
  ending.push(() => running.alive() && running.stop());
  return running;
}

/** A certificate straight from the CA, as PEM. */
async function issue(running: RunningUpki, name: string): Promise<string> {
  const ca = await caChannel(running);
  try {
    return (await ca.tasks.call('sign', { csr: requestPem([name]) })).certificate;
  } finally {
    ca.close();
  }
}

const crlOf = async ({ ports }: RunningUpki) =>
  parseCrl(Buffer.from(await (await fetch(`http://localhost:${ports.http}/ca.crl`)).arrayBuffer()));

describe('a backup taken while the programs run', () => {
  it('restores keys and databases elsewhere; CRL numbers rise, the gap is reported, and lost certificates can be imported', {
    timeout: 240_000,
  }, async () => {
    const running = await start(newFolder());
    const acme = new AcmeClient({ directoryUrl: running.directoryUrl, ca: running.rootPem });
    ending.push(() => acme.close());
    await acme.newAccount();
    const before = await issue(running, 'before.example.test');
    const file = join(newFolder(), 'upki.age');
    const made = await upki(['backup', file, '-d', running.dataDir], PASSPHRASE);
    expect(made).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/the backup is complete: \d+ files/),
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file).subarray(0, 21).toString()).toBe('age-encryption.org/v1');
    expect(readFileSync(file).includes('PRIVATE KEY')).toBe(false);
    expect(readdirSync(running.dataDir).filter((name) => name.startsWith('.backup'))).toEqual([]);

    const after = await issue(running, 'after.example.test');
    for (let round = 0; round < 3; round += 1) {
      const ca = await caChannel(running);
      await ca.tasks.call('generate_crl', {});
      ca.close();
    }
    const published = await crlOf(running);
    const busy = await upki(['restore', file, '-d', running.dataDir, '--replace'], PASSPHRASE);
    expect(busy).toMatchObject({ code: 78, stderr: expect.stringMatching(/another uPKI runs on/) });
    await running.stop();

    const elsewhere = join(newFolder(), 'restored');
    const restored = await upki(['restore', file, '-d', elsewhere], PASSPHRASE);
    expect(restored).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Certificates and revocations after 20.* are lost/),
    });
    for (const name of KEYS)
      expect(hash(join(elsewhere, name)), name).toBe(hash(join(running.dataDir, name)));
    for (const name of ['ca/seed', 'ca/issuer.key', 'ra/acme.db']) {
      expect(statSync(join(elsewhere, name)).mode & 0o077, name).toBe(0);
    }

    const lines: string[] = [];
    const again = await start(elsewhere, lines);
    expect(lines.join('\n')).toMatch(/this CA was restored on 20.* from a backup of 20/);
    const crl = await crlOf(again);
    expect(Number(crl.number)).toBeGreaterThan(Number(published.number));
    const [leaf, issuer] = fromPem('CERTIFICATE', after).map((der) => new X509Certificate(der));
    if (!leaf || !issuer) return expect.unreachable();
    const ask = async () => {
      const body = ocspRequest([certId(issuer.raw, leaf.serialNumber.toLowerCase())]);
      const answer = await fetch(`http://localhost:${again.ports.http}/ocsp`, {
        method: 'POST',
        headers: { 'content-type': 'application/ocsp-request' },
        body: new Uint8Array(body),
      });
      return readOcsp(Buffer.from(await answer.arrayBuffer()), issuer.raw).answers[0]?.status;
    };
    expect(await ask()).toBe('unknown');
    expect(lines.join('\n')).toMatch(
      new RegExp(`${leaf.serialNumber.toLowerCase()}.*does not know|does not know.*`, 's'),
    );
    const [lost, known] = [join(newFolder(), 'lost.pem'), join(newFolder(), 'known.pem')];
    writeFileSync(lost, after);
    writeFileSync(known, before);
    const imported = await upki(['cert', 'import', lost, known, '-d', elsewhere]);
    expect(imported).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/was added\n.*was already known\n/),
    });
    expect(await ask()).toBe('good');
    const ca = await caChannel(again);
    await ca.tasks.call('revoke_serial', { serial: BigInt(`0x${leaf.serialNumber}`) });
    ca.close();
    expect(await ask()).toBe('revoked');
    writeFileSync(lost, again.rootPem);
    expect(await upki(['cert', 'import', lost, '-d', elsewhere])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/not found/i),
    });
    expect(await upki(['audit', 'verify', '-d', elsewhere])).toMatchObject({ code: 0 });
  });

  it('is refused without a passphrase, with a short one, or over another backup; goes to standard output; reports the result of verify', {
    timeout: 120_000,
  }, async () => {
    const dataDir = newFolder();
    await (await start(dataDir)).stop();
    const file = join(newFolder(), 'upki.age');
    expect(await upki(['backup', file, '-d', dataDir])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/--passphrase-file .*--plain/),
    });
    expect(await upki(['backup', file, '-d', dataDir], { UPKI_BACKUP_PASSPHRASE: 'short' })).toMatchObject({
      code: 78,
    });
    expect(await upki(['backup', file, '-d', newFolder()], PASSPHRASE)).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/neither a CA nor an RA/),
    });
    expect(existsSync(file)).toBe(false);
    expect(await upki(['backup', file, '-d', dataDir], PASSPHRASE)).toMatchObject({ code: 0 });
    expect(await upki(['backup', file, '-d', dataDir], PASSPHRASE)).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/already exists/),
    });
    expect(await upki(['backup', 'verify', file], PASSPHRASE)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/is complete: \d+ files.*audit heads 0:\d+/),
    });
    const passphraseFile = join(newFolder(), 'passphrase');
    writeFileSync(passphraseFile, `${PASSPHRASE.UPKI_BACKUP_PASSPHRASE}\n`);
    expect(await upki(['backup', 'verify', file, '--passphrase-file', passphraseFile])).toMatchObject({
      code: 0,
    });
    expect(await upki(['restore', file, '-d', dataDir], PASSPHRASE)).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/there already.*--replace/),
    });
    const replaced = await upki(['restore', file, '-d', dataDir, '--replace'], PASSPHRASE);
    expect(replaced).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/the previous files are now in .*replaced-/),
    });
    await (await start(dataDir)).stop();
  });

  it('restores nothing when it is cut off, changed anywhere, has another passphrase or is not a backup', {
    timeout: 120_000,
  }, async () => {
    const dataDir = newFolder();
    await (await start(dataDir)).stop();
    const file = join(newFolder(), 'upki.age');
    await upki(['backup', file, '-d', dataDir], PASSPHRASE);
    const whole = readFileSync(file);
    const flipped = (at: number) =>
      Buffer.concat([whole.subarray(0, at), Buffer.from([(whole[at] ?? 0) ^ 1]), whole.subarray(at + 1)]);
    const cases: [name: string, content: Buffer, env?: Record<string, string>][] = [
      ['cut', whole.subarray(0, whole.length >> 1)],
      ['cut at the end', whole.subarray(0, whole.length - 1)],
      ['flipped', flipped(whole.length >> 1)],
      ['flipped in the header', flipped(60)],
      ['other passphrase', whole, { UPKI_BACKUP_PASSPHRASE: 'another horse battery' }],
      ['nothing', Buffer.alloc(0)],
      ['noise', randomBytes(5_000)],
      ['text', Buffer.from('no backup\n'.repeat(200))],
    ];
    const bad = join(newFolder(), 'bad.age');
    for (const [name, content, env = PASSPHRASE] of cases) {
      writeFileSync(bad, content);
      const target = join(newFolder(), 'target');
      const { code, stderr } = await upki(['restore', bad, '-d', target], env);
      expect(code, name).toBe(78);
      expect(stderr, name).not.toMatch(/\n\s+at /);
      expect(
        readdirSync(target).filter((each) => each !== '.lock'),
        name,
      ).toEqual([]);
    }
    const plain = join(newFolder(), 'upki.tar');
    expect(await upki(['backup', plain, '-d', dataDir, '--plain'])).toMatchObject({ code: 0 });
    expect(await upki(['backup', 'verify', plain])).toMatchObject({ code: 0 });
    const text = readFileSync(plain);
    const at = text.indexOf('BEGIN CERTIFICATE') + 100;
    writeFileSync(plain, Buffer.concat([text.subarray(0, at), Buffer.from('x'), text.subarray(at + 1)]));
    expect(await upki(['backup', 'verify', plain])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is not as it was when the backup was taken/),
    });
    copyFileSync(join(dataDir, 'ca/ca.db'), bad);
    expect(await upki(['backup', 'verify', bad])).toMatchObject({ code: 1 });
  });
});
