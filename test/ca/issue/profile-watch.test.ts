import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { ProfileWatch } from '../../../src/ca/issue/profile-watch.js';
import type { Profile } from '../../../src/ca/issue/profiles.js';
import { newFolder } from '../../../tools/kit/folder.js';

const folder = newFolder();

const PROFILE = 'duration: 10\nkeyUsage: [digitalSignature]\nextendedKeyUsage: [serverAuth]\n';

it('profiles are added, changed and removed without a restart; a wrong file changes nothing and is logged once', async () => {
  const errors: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => errors.push(JSON.parse(line).msg) });
  let profiles = new Map<string, Profile>();
  const watch = await ProfileWatch.start({
    folder,
    company: 'Acme',
    use: (read) => {
      profiles = read;
    },
    log,
    interval: 3600_000,
  });
  expect(profiles.has('iot')).toBe(false);
  expect(profiles.get('server')?.subject.O).toBe('Acme');

  const file = join(folder, 'iot.yml');
  await writeFile(file, PROFILE);
  await watch.look();
  expect(profiles.get('iot')?.duration).toBe(10);

  await writeFile(file, PROFILE.replace('10', '2000000'));
  await watch.look();
  await watch.look();
  expect(profiles.get('iot')?.duration).toBe(10);
  expect(errors).toEqual([expect.stringMatching(/stay as they were: .*iot\.yml: duration/)]);

  await writeFile(file, PROFILE.replace('10', '20'));
  await watch.look();
  expect(profiles.get('iot')?.duration).toBe(20);

  await rm(file);
  await watch.look();
  expect(profiles.has('iot')).toBe(false);
  await watch.stop();
});
