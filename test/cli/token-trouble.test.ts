import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { newFolder } from '../../tools/kit/folder.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

const init = (env: NodeJS.ProcessEnv) => upki(['ca', 'init', '-d', join(newFolder(), 'ca')], env);

describe('a key in a token that cannot be used ends the command with a sentence, without a stack and without the PIN', () => {
  it('names a missing package, or a file that is not a library', async () => {
    const file = join(newFolder(), 'none.so');
    writeFileSync(file, 'not a library');
    const { code, stderr } = await init({
      UPKI_CA_ISSUER_KEY: `pkcs11:token=upki?module-path=${file}&pin-value=98765`,
    });
    expect({ code, stderr }).toMatchObject({ code: 78 });
    expect(stderr).toMatch(/npm install pkcs11js|cannot be loaded as a PKCS #11 library/);
    expect(stderr).not.toMatch(/98765|^ {4}at /m);
  });

  it('refuses an invalid URI like any other wrong setting', async () => {
    const { code, stderr } = await init({ UPKI_CA_ROOT_KEY: 'pkcs11:token=upki' });
    expect({ code, stderr }).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/UPKI_CA_ROOT_KEY.*pkcs11: URI with a module-path/),
    });
    const twice = await init({ UPKI_CA_ROOT_KEY: 'pkcs11:object=a;object=b?module-path=/x.so' });
    expect(twice).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/it has "object" twice \(RFC 7512\)/),
    });
  });

  it('reports that a PIN file does not exist', async () => {
    const { code, stderr } = await init({
      UPKI_CA_ROOT_KEY: 'pkcs11:token=a?module-path=/x.so&pin-source=/nowhere/pin',
    });
    expect({ code, stderr }).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/the PIN cannot be read from \/nowhere\/pin/),
    });
  });
});
