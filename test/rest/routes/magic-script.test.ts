import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCertificate, subjectAltNames } from '../../../src/x509/certificate.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { inFolder, runShell, SHELLS } from '../../support/shell.js';
import { scriptFor, world } from './magic-world.js';

const ENROLLED = ['ca.pem', 'cert.pem', 'chain.pem', 'fullchain.pem', 'key.pem'];

describe.each(SHELLS)('the script, in $name', ({ words: shell }) => {
  const run = (folder: string, script: string, args: string[], env = {}) =>
    runShell(shell, ['-s', '--', ...args], { cwd: folder, stdin: script, env });

  it('is the script of the line from POST private/nodes: an empty folder ends with key, certificate and chain', async () => {
    const cn = `bare-${shell.join('-')}.example.test`;
    const { command } = await world.register({ cn, sans: ['192.0.2.4'], profile: 'small' });
    await inFolder(async (folder, files) => {
      const outcome = await runShell(shell, ['-c', command], { cwd: folder });
      expect(outcome).toMatchObject({ code: 0, stdout: '' });
      expect(outcome.stderr).toContain(new X509Certificate(world.root).fingerprint256);
      expect(await files()).toEqual([...ENROLLED, 'upki-root.crt']);
      const read = (name: string) => readFile(join(folder, name), 'utf8');
      const mode = async (name: string) => (await stat(join(folder, name))).mode & 0o777;
      const leaf = new X509Certificate(await read('cert.pem'));
      expect(leaf.checkPrivateKey(createPrivateKey(await read('key.pem')))).toBe(true);
      expect(leaf.subjectAltName).toBe(`DNS:${cn}, IP Address:192.0.2.4`);
      expect(leaf.verify(new X509Certificate(await read('chain.pem')).publicKey)).toBe(true);
      expect(await read('fullchain.pem')).toBe((await read('cert.pem')) + (await read('chain.pem')));
      expect(await read('ca.pem')).toBe(world.root);
      expect([await mode('key.pem'), await mode('cert.pem')]).toEqual([0o600, 0o644]);
      const verify = 'openssl verify -CAfile ca.pem -untrusted chain.pem cert.pem';
      expect(await runShell(shell, ['-c', verify], { cwd: folder })).toMatchObject({ code: 0 });
    });
  });

  it('stops before anything of the script is read when the root has another fingerprint', async () => {
    const { command } = await world.register({ cn: 'mitm.example.test', replace: true });
    const forged = command.replace(/grep -q \S+/, `grep -q ${Array(32).fill('AB').join(':')}`);
    await inFolder(async (folder, files) => {
      expect((await runShell(shell, ['-c', forged], { cwd: folder })).code).not.toBe(0);
      expect(await files()).toEqual(['upki-root.crt']);
    });
  });

  const HOSTILE = [
    '$(touch canary)',
    '`touch canary`',
    "'; touch canary; '",
    "' $(touch canary) '",
    '"; touch canary; "',
    "\\'; touch canary #",
    '; touch canary #',
    '| touch canary',
    '&& touch canary &',
    '> canary',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
    '$IFS$9touch${IFS}canary',
    '-out canary',
    '--help',
    '-----BEGIN CERTIFICATE-----',
    'UPKI_ROOT',
    'a/CN=evil+O=x',
    '%0atouch canary',
    '#{touch canary}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
    '$ENV::HOME ${ENV::PATH} $CN',
    '\\',
    '~root *',
  ];
  it.each(HOSTILE)('uses the name %s only as a name and runs nothing of it', async (cn) => {
    const { seed } = await world.register({ cn, profile: 'device', replace: true });
    const script = await scriptFor('device', cn);
    await inFolder(async (folder, files) => {
      const outcome = await run(folder, script, ['--seed', seed]);
      expect(outcome).toMatchObject({ code: 0 });
      expect(await files()).toEqual(ENROLLED);
      const leaf = new X509Certificate(await readFile(join(folder, 'cert.pem')));
      expect(leaf.toLegacyObject().subject.CN).toBe(cn);
    });
  });

  it('uses hostile addresses and URIs only as names, too', async () => {
    const sans = [
      "EMAIL:$`touch'canary`|#@example.test",
      'URI:https://a.test/$(touch%20canary);`touch%20canary`',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
      "URI:https://a.test/';touch\\canary;'#${HOME}",
      'URI:https://a.test/x,y,subjectAltName=DNS:evil.test',
    ];
    const { command } = await world.register({ cn: 'Ada', sans, profile: 'device', replace: true });
    await inFolder(async (folder, files) => {
      expect(await runShell(shell, ['-c', command], { cwd: folder })).toMatchObject({ code: 0 });
      expect(await files()).toEqual([...ENROLLED, 'upki-root.crt']);
      const leaf = parseCertificate(
        firstFromPem('CERTIFICATE', await readFile(join(folder, 'cert.pem'), 'utf8')),
      );
      expect(
        subjectAltNames(leaf).map(
          (name) => `${name.type.toUpperCase()}:${'value' in name ? name.value : ''}`,
        ),
      ).toEqual(sans);
    });
  });

  it('has no say for hostile seeds, folders and options', async () => {
    const script = await scriptFor('device', 'Bob');
    for (const hostile of [
      '$(touch canary)',
      '`touch canary`',
      '"; touch canary; "',
      "'",
      '-x',
      '\\n","profile":"admin',
    ]) {
      await inFolder(async (folder, files) => {
        const refused = await run(folder, script, ['--seed', hostile]);
        expect(refused.code).toBe(1);
        expect(refused.stderr).toContain('the authority answered 403');
        expect(await files()).toEqual(['csr.pem', 'key.pem']);
      });
      await inFolder(async (folder, files) => {
        const { seed } = await world.register({ cn: 'Bob', profile: 'device', replace: true });
        const outcome = await run(folder, script, ['--seed', seed, '--dir', hostile]);
        expect(outcome).toMatchObject({ code: 0 });
        expect(await files()).toEqual([hostile]);
      });
      await inFolder(async (folder, files) => {
        expect((await run(folder, script, [hostile])).code).toBe(1);
        expect(await files()).toEqual([]);
      });
    }
  });

  it('cut off anywhere does nothing', async () => {
    const script = await scriptFor('device', 'Carl');
    const end = script.lastIndexOf('main "$@"');
    await inFolder(async (folder, files) => {
      for (let at = 1; at < end; at += 211) {
        await run(folder, script.slice(0, at), ['--seed', 'upki-seed-x']);
        expect(await files()).toEqual([]);
      }
    });
  });

  it('reports what is missing or in the way, and changes nothing', async () => {
    const script = await scriptFor('device', 'Dora');
    await inFolder(async (folder, files) => {
      const said = async (args: string[], env = {}) => (await run(folder, script, args, env)).stderr;
      expect(await said([])).toContain('the seed is missing');
      expect(await said(['--seed'])).toContain('--seed wants a value');
      expect(await said(['--nonsense'])).toContain('--nonsense is not an option');
      expect(await said(['--seed', 'a\nb'])).toContain('characters no seed has');
      expect((await run(folder, script, ['--help'])).stdout).toContain('usage:');
      await mkdir(join(folder, 'bin'));
      expect(await files()).toEqual(['bin']);
      await writeFile(join(folder, 'cert.pem'), 'precious');
      expect(await said(['--seed', 'x'])).toContain('cert.pem is there already');
      expect(await readFile(join(folder, 'cert.pem'), 'utf8')).toBe('precious');
    });
  });

  it('run again after a refusal continues with the key it made, and the seed from the environment', async () => {
    const { seed } = await world.register({ cn: 'Emil', profile: 'device', replace: true });
    const script = await scriptFor('device', 'Emil');
    await inFolder(async (folder, files) => {
      const wrong = await run(folder, script, ['--seed', 'upki-seed-wrong']);
      expect(wrong.stderr).toContain('this seed is unknown');
      const key = await readFile(join(folder, 'key.pem'), 'utf8');
      expect(await run(folder, script, [], { UPKI_SEED: seed })).toMatchObject({ code: 0 });
      expect(await files()).toEqual(ENROLLED);
      expect(await readFile(join(folder, 'key.pem'), 'utf8')).toBe(key);
    });
  });

  it('does not send the seed to a server that another root certifies', async () => {
    const script = await scriptFor('device', 'Fay');
    await inFolder(async (folder) => {
      const other =
        'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out other.pem -subj /CN=other';
      await runShell(shell, ['-c', other], { cwd: folder });
      const outcome = await run(folder, script, ['--seed', 'upki-seed-x', '--ca', 'other.pem']);
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain('cannot be reached');
    });
  });

  it('is not led astray by the machine’s own OpenSSL configuration', async () => {
    const { seed } = await world.register({ cn: 'Gus', profile: 'device', replace: true });
    const script = await scriptFor('device', 'Gus');
    await inFolder(async (folder) => {
      const config = join(folder, 'openssl.cnf');
      await writeFile(
        config,
        '[req]\nprompt = yes\nreq_extensions = e\n[e]\nsubjectAltName = DNS:evil.test\n',
      );
      await chmod(config, 0o600);
      expect(await run(folder, script, ['--seed', seed], { OPENSSL_CONF: config })).toMatchObject({
        code: 0,
      });
    });
  });
});
