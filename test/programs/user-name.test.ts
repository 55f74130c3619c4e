import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { userName } from '../../src/programs/user-name.js';
import { newFolder } from '../../tools/kit/folder.js';

const UNKNOWN = 54_321;

it('the user is called by name', () => {
  expect(userName()).toBe(userInfo().username);
});

it.runIf(process.getuid?.() === 0)('a user without an entry in /etc/passwd is called by number', () => {
  const module = join(newFolder(), 'user-name.mjs');
  copyFileSync('dist/programs/user-name.js', module);
  // The module is read before the process becomes that user.
  const become = `process.setgid(${UNKNOWN}); process.setuid(${UNKNOWN});`;
  const printed = execFileSync(process.execPath, [
    '-e',
    `import(process.argv[1]).then(({ userName }) => { ${become} console.log(userName()) })`,
    module,
  ]);
  expect(`${printed}`).toBe(`uid ${UNKNOWN}\n`);
});
