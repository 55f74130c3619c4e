import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isAcmeProfile, loadProfiles, parseProfile, toWireProfile } from '../../../src/ca/issue/profiles.js';
import { newFolder } from '../../../tools/kit/folder.js';

describe('profiles', () => {
  it('the seven of the wire contract and one for short lives are built in', async () => {
    const profiles = await loadProfiles(null);
    expect([...profiles.keys()]).toEqual([
      'ca',
      'ra',
      'server',
      'webapp',
      'short',
      'laptop',
      'user',
      'admin',
    ]);
    expect([...profiles.values()].filter(isAcmeProfile).map(({ name }) => name)).toEqual([
      'server',
      'webapp',
      'short',
    ]);
  });

  it('get_profile answers with the members of the wire contract', async () => {
    const ca = (await loadProfiles(null)).get('ca') ?? expect.unreachable();
    expect(toWireProfile(ca)).toEqual({
      keyType: 'ec',
      keyLen: 256,
      duration: 3650,
      digest: 'sha256',
      altnames: false,
      subject: { OU: 'CA', CN: 'uPKI Root CA' },
      keyUsage: ['keyCertSign', 'cRLSign'],
      extendedKeyUsage: [],
      certType: 'ca',
      pathLen: 0,
    });
  });

  it('the built-in profiles make P-256 keys, which every client accepts and which are fast to make', async () => {
    for (const { keyType, keyLen } of (await loadProfiles(null)).values()) {
      expect({ keyType, keyLen }).toEqual({ keyType: 'ec', keyLen: 256 });
    }
  });

  it('the built-in profiles have the organisation of the CA, if it has one, and no country', async () => {
    for (const { subject } of (await loadProfiles(null, 'ACME SA')).values()) {
      expect(subject).toMatchObject({ O: 'ACME SA' });
      expect(subject).not.toHaveProperty('C');
    }
    for (const { subject } of (await loadProfiles(null)).values()) expect(subject).not.toHaveProperty('O');
  });

  it("an operator's own profile keeps its subject whatever the company is called", async () => {
    const folder = newFolder();
    await writeFile(
      join(folder, 'old.yml'),
      'duration: 10\nkeyUsage: [digitalSignature]\nsubject: {C: FR, O: Company, OU: Servers}\nkeyType: rsa\nkeyLen: 4096\n',
    );
    expect((await loadProfiles(folder, 'ACME SA')).get('old')).toMatchObject({
      subject: { C: 'FR', O: 'Company', OU: 'Servers' },
      keyType: 'rsa',
      keyLen: 4096,
    });
  });

  it('custom profiles are YAML files in the folder', async () => {
    const folder = newFolder();
    await writeFile(
      join(folder, 'printer.yml'),
      'duration: 10\nkeyUsage: [digitalSignature]\nextendedKeyUsage: [serverAuth]\ndomain: print.internal\n',
    );
    const printer = (await loadProfiles(folder)).get('printer') ?? expect.unreachable();
    expect(printer).toMatchObject({ duration: 10, keyType: 'ec', domain: 'print.internal' });
    expect(isAcmeProfile(printer)).toBe(true);
  });

  it.each([
    ['a list', '- x', /the file/],
    ['not YAML', 'a: [', /is not YAML/],
    ['no duration', 'keyUsage: [digitalSignature]', /duration/],
    ['a usage that does not exist', 'duration: 1\nkeyUsage: [sign]', /keyUsage\.0/],
    [
      'a purpose that does not exist',
      'duration: 1\nkeyUsage: [cRLSign]\nextendedKeyUsage: [x]',
      /extendedKeyUsage\.0/,
    ],
    ['a member that does not exist', 'duration: 1\nkeyUsage: [cRLSign]\nkeySize: 1', /keySize/],
    ['a country of three letters', 'duration: 1\nkeyUsage: [cRLSign]\nsubject: {C: FRA}', /subject\.C/],
  ])('%s is refused with file and field', (_, yaml, message) => {
    expect(() => parseProfile('p', yaml, 'p.yml')).toThrow(message);
    expect(() => parseProfile('p', yaml, 'p.yml')).toThrow(/^p\.yml: /);
  });

  it('is refused when two files define it', async () => {
    const folder = newFolder();
    for (const file of ['p.yml', 'p.yaml'])
      await writeFile(join(folder, file), 'duration: 1\nkeyUsage: [digitalSignature]\n');
    await expect(loadProfiles(folder)).rejects.toThrow(/p\.yml and p\.yaml are one profile/);
  });

  it('has the usual length for its type of key', () => {
    const of = (keyType: string) =>
      parseProfile('p', `duration: 1\nkeyUsage: [digitalSignature]\nkeyType: ${keyType}`, 'f').keyLen;
    expect([of('rsa'), of('ec'), of('ed25519')]).toEqual([4096, 256, 256]);
  });

  it('of an older version is read: with a length of another type of key, a usage twice, a description in block style', () => {
    const lines = [
      'duration: 1',
      'keyType: ec',
      'keyLen: 4096',
      'keyUsage: [digitalSignature, digitalSignature]',
      'extendedKeyUsage: [clientAuth, clientAuth]',
      'description: |',
      '  Sensors',
      '  of the plant',
      '',
    ];
    expect(parseProfile('p', lines.join('\n'), 'p.yml')).toMatchObject({
      keyLen: 256,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['clientAuth'],
      description: 'Sensors of the plant',
    });
    expect(parseProfile('p', lines.join('\n').replace('ec', 'rsa'), 'p.yml').keyLen).toBe(4096);
  });

  it.each([
    ['keyUsage: [keyCertSign]', /keyUsage: keyCertSign and cRLSign are for/],
    ['keyUsage: [digitalSignature, cRLSign]', /keyUsage: keyCertSign and cRLSign are for/],
    ['keyUsage: [nonRepudiation]\nextendedKeyUsage: [serverAuth]', /keyUsage: has no usage that fits/],
    ['extendedKeyUsage: [serverAuth, OCSPSigning]', /extendedKeyUsage: OCSPSigning is for the responder/],
    ['domain: .example.test', /domain: must be a domain name/],
    ['domain: a..test', /domain: must be a domain name/],
    ['domain: 10.0.0.1', /domain: must be a domain name/],
    ['subject: {O: "a\\nb"}', /subject\.O: must have no control characters/],
    ['description: "a\\u0007b"', /description: must have no control characters/],
  ])('that contradicts itself is refused: %j', (lines, message) => {
    const usage = lines.startsWith('keyUsage') ? '' : 'keyUsage: [digitalSignature]\n';
    expect(() => parseProfile('p', `duration: 1\n${usage}${lines}`, 'p.yml')).toThrow(message);
  });

  it('a name that no path or URL should hold is refused', () => {
    expect(() => parseProfile('../x', 'duration: 1', 'x')).toThrow(/name/);
  });
});

it('the example of docs/profiles.md is a profile', () => {
  const guide = readFileSync(new URL('../../../docs/profiles.md', import.meta.url), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? '';
  expect(parseProfile('sensor', example, 'sensor.yml')).toMatchObject({
    duration: 6,
    domain: 'plant.example.internal',
    keyType: 'ec',
  });
});

describe('challenges and kinds of keys', () => {
  it('the three examples of docs/profiles.md are profiles that an ACME client may request', () => {
    const text = readFileSync(new URL('../../../docs/profiles.md', import.meta.url), 'utf8');
    const [, real = ''] = text.split('## Three examples');
    const blocks = [...real.matchAll(/\(`(\w+)\.yml`\):\s+```yaml\n([\s\S]*?)```/g)];
    const profiles = blocks.map(([, name = '', yaml = '']) => parseProfile(name, yaml, `${name}.yml`));
    expect(profiles.map(({ name }) => name)).toEqual(['sensors', 'printers', 'web']);
    expect(profiles.every(isAcmeProfile)).toBe(true);
    expect(profiles[0]).toMatchObject({ keyTypes: ['P-256'], challenges: ['dns-persist-01'], duration: 6 });
  });

  it.each([
    ['keyTypes', 'keyTypes: [P-192]'],
    ['keyTypes', 'keyTypes: []'],
    ['challenges', 'challenges: [dns-02]'],
    ['challenges', 'challenges: dns-01'],
  ])('%s that nobody has is told with the field: %s', (field, line) => {
    const yaml = `duration: 6\nkeyUsage: [digitalSignature]\n${line}\n`;
    expect(() => parseProfile('x', yaml, 'x.yml')).toThrow(field);
  });
});
