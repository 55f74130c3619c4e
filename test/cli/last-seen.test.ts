import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { caChannel } from '../../tools/kit/ca-channel.js';
import { newFolder } from '../../tools/kit/folder.js';
import { type RunningUpki, startUpki } from '../../tools/kit/upki.js';
import { requestPem } from '../support/requests.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

const ending: RunningUpki[] = [];
afterEach(async () => {
  for (const running of ending.splice(0)) if (running.alive()) await running.stop();
}, 30_000);

async function start(dataDir: string, lines: string[] = []): Promise<RunningUpki> {
  const env = { UPKI_RA_CN: 'localhost' };
  const running = await startUpki({ dataDir, env, onOutput: (line) => lines.push(line) });
  ending.push(running);
  return running;
}

async function issue(running: RunningUpki): Promise<void> {
  const ca = await caChannel(running);
  await ca.tasks.call('sign', { csr: requestPem(['app.example.test']) });
  ca.close();
}

/** On ports that nobody else has: the start ends before it listens anyway. */
const PORTS = {
  ...{ UPKI_RA_PORT: '0', UPKI_RA_HTTP: 'false', UPKI_CA_PORT: '0', UPKI_CA_REGISTRATION_PORT: '0' },
};
const startAgain = (dataDir: string) => upki(['start', '-d', dataDir], { UPKI_RA_CN: 'localhost', ...PORTS });

it.each([
  ['ca', 'ca.db'],
  ['ra', 'acme.db'],
] as const)(
  'a database of the %s that lost its write-ahead log is refused until the operator accepts it',
  {
    timeout: 180_000,
  },
  async (program, name) => {
    const dataDir = newFolder();
    await (await start(dataDir)).stop();
    const running = await start(dataDir);
    await issue(running);
    await running.kill('all');
    const file = join(dataDir, program, name);
    for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`);

    const refused = await startAgain(dataDir);
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain(`${file} is behind: it is of 20`);
    expect(refused.stderr).toContain(`(${file}-wal) was removed`);
    expect(refused.stderr).toContain(`upki store restored -d ${join(dataDir, program)}`);
    expect(refused.stderr).not.toMatch(/\n\s+at /);

    const taken = await upki(['store', 'restored', '-d', join(dataDir, program)]);
    expect(taken).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${file}): accepted as it is of 20`),
    });
    const lines: string[] = [];
    await start(dataDir, lines);
    if (program === 'ca')
      expect(lines.join('\n')).toMatch(/this CA was restored on 20.* from a backup of 20/);
  },
);

it('an older copy of the database is refused by name; the right one starts', {
  timeout: 180_000,
}, async () => {
  const dataDir = newFolder();
  await (await start(dataDir)).stop();
  const file = join(dataDir, 'ca', 'ca.db');
  copyFileSync(file, `${file}.older`);
  const running = await start(dataDir);
  await issue(running);
  await running.stop();
  copyFileSync(file, `${file}.newer`);
  copyFileSync(`${file}.older`, file);
  expect(await startAgain(dataDir)).toMatchObject({
    code: 78,
    stderr: expect.stringContaining('ca.db is behind'),
  });
  const init = await upki(['ca', 'init', '-d', join(dataDir, 'ca')]);
  expect(init).toMatchObject({ code: 78, stderr: expect.stringContaining('ca.db is behind') });
  copyFileSync(`${file}.newer`, file);
  await start(dataDir);
});
