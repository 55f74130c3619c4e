import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { CannotStart } from '../../../src/programs/exit.js';
import { RaFiles } from '../../../src/programs/ra/files.js';
import { decideNames, ownNames } from '../../../src/programs/ra/own-names.js';
import { newFolder } from '../../../tools/kit/folder.js';

const NOTHING = { raCn: null, raUrl: null, raSans: [] };
const KEPT = { cn: 'pki.example.test', sans: ['10.0.0.1'] };

describe('the name of an RA', () => {
  it('is the machine’s when none is set', () => {
    expect(decideNames(NOTHING, null, 'Box')).toEqual({ names: { cn: 'box', sans: [] }, changed: null });
  });

  it('is the first one that was set, whatever the machine is called later', () => {
    expect(decideNames(NOTHING, KEPT, 'vm')).toEqual({ names: KEPT, changed: null });
  });

  it('is that of the setting, and a change is logged with both names', () => {
    const { names, changed } = decideNames({ ...NOTHING, raCn: 'vm' }, KEPT, 'box');
    expect(names).toEqual({ cn: 'vm', sans: ['10.0.0.1'] });
    expect(changed).toMatch(/was pki\.example\.test, is now vm/);
  });

  it('follows only from UPKI_RA_URL', () => {
    const { names } = decideNames({ ...NOTHING, raUrl: 'https://pki.example.test:8443' }, null, 'box');
    expect(names).toEqual({ cn: 'pki.example.test', sans: [] });
  });

  it.each([
    ['https://10.0.0.9:8443', '10.0.0.9'],
    ['https://[fd00::9]:8443', 'fd00::9'],
  ])('stays a name where UPKI_RA_URL is %s, whose address is in the certificate too', (raUrl, address) => {
    expect(decideNames({ ...NOTHING, raUrl }, null, 'box').names).toEqual({ cn: 'box', sans: [address] });
  });

  it('is UPKI_RA_CN where UPKI_RA_URL differs, whose host is in the certificate too', () => {
    const { names } = decideNames(
      { ...NOTHING, raCn: 'ra1', raUrl: 'https://pki.example.test' },
      null,
      'box',
    );
    expect(names).toEqual({ cn: 'ra1', sans: ['pki.example.test'] });
  });

  it('has other names only until others are given', () => {
    const { names } = decideNames({ ...NOTHING, raSans: ['10.0.0.2'] }, KEPT, 'box');
    expect(names.sans).toEqual(['10.0.0.2']);
  });
});

describe('the names an RA keeps', () => {
  const files = async () => new RaFiles(newFolder());

  it('are read back as they were stored', async () => {
    const folder = await files();
    expect(await folder.names()).toBeNull();
    await folder.saveNames(KEPT);
    expect(await folder.names()).toEqual(KEPT);
    const warnings: string[] = [];
    await ownNames({ ...NOTHING, raCn: 'other' }, folder, (sentence) => warnings.push(sentence));
    expect(warnings).toEqual([expect.stringContaining('was pki.example.test, is now other')]);
  });

  it.each([
    '',
    '{',
    '{"cn":""}',
    '[]',
    'null',
  ])('in a damaged file (%j) are refused with its name', async (text) => {
    const folder = await files();
    await writeFile(folder.path('names'), text);
    await expect(folder.names()).rejects.toThrow(CannotStart);
    await expect(folder.names()).rejects.toThrow('names.json is damaged');
  });
});
