import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeProfile } from '../../../src/ra/nodes/node-names.js';
import { enrolmentCommands } from '../../../src/rest/enrolment/commands.js';
import { readSan } from '../../../src/rest/sans.js';
import { certificateNames, NameError } from '../../../src/x509/certificate-names.js';
import { parseCsr } from '../../../src/x509/csr.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { inFolder, runShell, SHELLS } from '../../support/shell.js';

const PROFILE: NodeProfile = {
  name: 'device',
  keyType: 'ec',
  keyLen: 256,
  digest: 'sha256',
  altnames: true,
  extendedKeyUsage: ['clientAuth'],
};
const URL_BASE = 'https://ra.test/api/v1/public/certify';

/** Every character a common name may have, the dangerous ones often. */
const commonName = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(...'$`\'"\\;|&<>()#~*?![]{} -/+='),
      fc.constantFrom(...'abcXYZ019.,:@%^_'),
    ),
    minLength: 1,
    maxLength: 64,
  })
  .filter((cn) => !cn.includes('!') && cn === cn.trim());
const local = fc.string({
  unit: fc.constantFrom(..."abz09.!#$%&'*+/=?^_`{|}~-"),
  minLength: 1,
  maxLength: 20,
});
const uriRest = fc.string({
  unit: fc.constantFrom(...'abz09$`\'"\\;|&<>()#~*?!{}%,=:@/'),
  maxLength: 30,
});
const san = fc.oneof(
  fc.domain().map((value) => ({ type: 'DNS', value })),
  fc.ipV4().map((value) => ({ type: 'IP', value })),
  fc.ipV6().map((value) => ({ type: 'IP', value })),
  local.map((text) => ({ type: 'EMAIL', value: `${text}@example.test` })),
  uriRest.map((text) => ({ type: 'URI', value: `https://a.test/${text}` })),
);
const wanted = fc
  .record({ cn: commonName, sans: fc.array(san, { maxLength: 4 }) })
  .map(({ cn, sans }) => {
    try {
      return certificateNames(PROFILE, cn, sans);
    } catch (error) {
      if (error instanceof NameError) return null;
      throw error;
    }
  })
  .filter((names) => names !== null);

describe('the commands of an enrolment', () => {
  it.each(SHELLS)('reach openssl word by word, whatever the names are, in $name', async ({
    words: shell,
  }) => {
    await inFolder(async (folder, files) => {
      const openssl = join(folder, 'openssl');
      await writeFile(openssl, '#!/bin/sh\nprintf "%s\\0" "$@"\n');
      await chmod(openssl, 0o755);
      const env = { PATH: `${folder}:${process.env.PATH}` };
      await fc.assert(
        fc.asyncProperty(wanted, async (names) => {
          const { generate_csr: command } = enrolmentCommands(PROFILE, names, URL_BASE);
          const { stdout, stderr } = await runShell(shell, ['-c', command], { cwd: folder, env });
          const words = stdout.split('\0');
          const subject = `/CN=${(names.commonName ?? '').replace(/[\\/+]/g, '\\$&')}`;
          expect(words.slice(0, 8)).toEqual([
            'req',
            '-new',
            '-key',
            'key.pem',
            '-out',
            'csr.pem',
            '-subj',
            subject,
          ]);
          expect(words.slice(names.names.every(({ value }) => value.includes(',')) ? 8 : 10)).toEqual([
            '-sha256',
            '',
          ]);
          expect(stderr).toBe('');
          expect(await files()).toEqual(['openssl']);
        }),
        { numRuns: 60 },
      );
    });
  });

  it('make a request with the requested names, as our parser reads it', async () => {
    await inFolder(async (folder) => {
      const { generate_key } = enrolmentCommands(PROFILE, { commonName: 'x', names: [] }, URL_BASE);
      await runShell(['sh'], ['-c', generate_key], { cwd: folder });
      await fc.assert(
        fc.asyncProperty(wanted, async (names) => {
          const { generate_csr: command } = enrolmentCommands(PROFILE, names, URL_BASE);
          const outcome = await runShell(['sh'], ['-c', command], { cwd: folder });
          expect(outcome).toMatchObject({ code: 0 });
          const csr = parseCsr(
            firstFromPem('CERTIFICATE REQUEST', await readFile(join(folder, 'csr.pem'), 'utf8')),
          );
          expect(csr.commonName).toBe(names.commonName);
          expect(csr.names).toEqual(names.names.filter(({ value }) => !value.includes(',')));
        }),
        { numRuns: 60 },
      );
    });
  });

  it('leave a common name that is too long for a subject out of it (RFC 5280 ub-common-name)', async () => {
    const server = { ...PROFILE, extendedKeyUsage: ['serverAuth'] };
    const long = `${'a'.repeat(60)}.example.test`;
    const { generate_key, generate_csr } = enrolmentCommands(
      server,
      certificateNames(server, long, []),
      URL_BASE,
    );
    await inFolder(async (folder) => {
      const lines = `${generate_key} && ${generate_csr}`;
      expect(await runShell(['sh'], ['-c', lines], { cwd: folder })).toMatchObject({ code: 0 });
      const csr = parseCsr(
        firstFromPem('CERTIFICATE REQUEST', await readFile(join(folder, 'csr.pem'), 'utf8')),
      );
      expect([csr.commonName, csr.names]).toEqual([null, [{ type: 'dns', value: long }]]);
    });
  });

  it('use no option of an unknown profile', () => {
    const strange = { ...PROFILE, keyType: '$(touch x)', digest: 'sha256; touch x' };
    const commands = enrolmentCommands(strange, { commonName: 'x', names: [] }, URL_BASE);
    expect(Object.values(commands).join()).not.toContain('touch');
  });
});

describe('a name as people write it', () => {
  it.each([
    ['www.example.test', 'DNS', 'www.example.test'],
    ['*.example.test', 'DNS', '*.example.test'],
    ['dns:x', 'DNS', 'x'],
    ['192.0.2.1', 'IP', '192.0.2.1'],
    ['2001:db8::1', 'IP', '2001:db8::1'],
    ['IP:2001:db8::1', 'IP', '2001:db8::1'],
    ['ada@example.test', 'EMAIL', 'ada@example.test'],
    ['https://ada@example.test/', 'URI', 'https://ada@example.test/'],
    ['URI:urn:x:y', 'URI', 'urn:x:y'],
    ['DNS:', 'DNS', ''],
  ])('%s is a %s', (written, type, value) => {
    expect(readSan(written)).toEqual({ type, value });
  });

  it('is read whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { type, value } = readSan(text);
        expect(['DNS', 'IP', 'EMAIL', 'URI']).toContain(type);
        expect(text.endsWith(value)).toBe(true);
      }),
    );
  });
});
