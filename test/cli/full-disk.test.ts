import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { newFolder } from '../../tools/kit/folder.js';
import { freePorts, UPKI } from '../../tools/kit/upki.js';
import { build, upki } from './run.js';

const FULL = '/dev/full';

/** Runs a shell line in which `upki` is the command, in a data directory. */
function shell(line: string, dataDir: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, HOME: newFolder(), UPKI_DATA_DIR: dataDir, UPKI_LOG_LEVEL: 'debug' };
  const command = `upki() { "${process.execPath}" "${UPKI}" "$@"; }; ${line}`;
  return new Promise((resolve) => {
    execFile('bash', ['-c', command], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

describe.runIf(existsSync(FULL))('output that cannot be written', () => {
  const dataDir = newFolder();
  beforeAll(async () => {
    build();
    expect(await upki(['ca', 'init', '-d', join(dataDir, 'ca')])).toMatchObject({ code: 0 });
  }, 120_000);

  it.each([
    'upki config',
    'upki ca status --json',
    'upki audit list',
    'upki clients --help',
  ])('%s fails on a full disk with one sentence', async (line) => {
    const { code, stderr } = await shell(`${line} > ${FULL}`, dataDir);
    expect([code, stderr]).toEqual([1, 'uPKI: standard output: the disk is full\n']);
  });

  it.each([
    'config',
    'audit list',
    'ca status',
  ])('upki %s | true ends with 0 and says nothing', async (args) => {
    const { code, stdout, stderr } = await shell(`upki ${args} | true; echo \${PIPESTATUS[0]}`, dataDir);
    expect([code, stdout, stderr]).toEqual([0, '0\n', '']);
  });

  it('a backup whose reader ends early fails with one sentence', async () => {
    const { stdout, stderr } = await shell(
      `upki backup --plain - | true; echo \${PIPESTATUS[0]}`,
      join(dataDir, 'ca'),
    );
    expect(stdout).toBe('1\n');
    expect(stderr).toContain('the backup is incomplete: standard output: it was closed before everything');
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it('a root whose passphrase cannot be printed keeps its key', async () => {
    const folder = join(dataDir, 'ca');
    const out = join(newFolder(), 'root.pem');
    const { code, stderr } = await shell(`upki ca root export --out ${out} > ${FULL}`, folder);
    expect([code, stderr]).toEqual([1, expect.stringContaining('so the key stays where it is: remove')]);
    expect(readFileSync(join(folder, 'ca.key'), 'utf8')).toContain('PRIVATE KEY');
    const again = await shell(`rm ${out}; upki ca root export --out ${out}`, folder);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('shown only once: ') });
    expect(existsSync(join(folder, 'ca.key'))).toBe(false);
  });

  it('a CA whose log is on a full disk serves, and ends when it is told to', async () => {
    const [port = 0] = await freePorts(1);
    const line =
      `export UPKI_CA_PORT=${port}; upki ca start 2> ${FULL} & id=$!; ` +
      `for _ in $(seq 300); do { : < /dev/tcp/127.0.0.1/$UPKI_CA_PORT; } 2>/dev/null && break; sleep 0.1; done; ` +
      `kill -TERM $(pgrep -P $id); wait $id; echo $?`;
    expect((await shell(line, join(dataDir, 'ca'))).stdout).toBe('0\n');
  });
});
