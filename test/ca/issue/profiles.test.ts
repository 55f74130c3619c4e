import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isAcmeProfile, loadProfiles, parseProfile, toWireProfile } from '../../../src/ca/issue/profiles.js';

describe('profiles', () => {
  it('the seven of the wire contract are built in', async () => {
    const profiles = await loadProfiles(null);
    expect([...profiles.keys()]).toEqual(['ca', 'ra', 'server', 'webapp', 'laptop', 'user', 'admin']);
    expect([...profiles.values()].filter(isAcmeProfile).map(({ name }) => name)).toEqual([
      'server',
      'webapp',
    ]);
  });

  it('get_profile answers with the members of the wire contract', async () => {
    const ca = (await loadProfiles(null)).get('ca') ?? expect.unreachable();
    expect(toWireProfile(ca)).toEqual({
      keyType: 'rsa',
      keyLen: 4096,
      duration: 3650,
      digest: 'sha256',
      altnames: false,
      subject: { C: 'FR', O: 'uPKI', OU: 'CA', CN: 'uPKI Root CA' },
      keyUsage: ['keyCertSign', 'cRLSign'],
      extendedKeyUsage: [],
      certType: 'ca',
      pathLen: 0,
    });
  });

  it("the company takes the place of the example's", async () => {
    expect((await loadProfiles(null, 'ACME SA')).get('server')?.subject.O).toBe('ACME SA');
  });

  it('custom ones are YAML files of the folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'upki-profiles-'));
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
