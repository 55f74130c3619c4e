import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../src/cli/program.js';
import { lockDirectory } from '../../src/programs/lock.js';
import { newFolder } from '../../tools/kit/folder.js';

const page = readFileSync('docs/troubleshooting.md', 'utf8');

/** What `upki` writes to standard error in this process. */
async function printed(words: string[], env: Record<string, string> = {}): Promise<string> {
  let text = '';
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      if (stream === process.stderr) text += chunk;
      return true;
    });
  for (const [name, value] of Object.entries({ HOME: newFolder(), ...env })) vi.stubEnv(name, value);
  const before = process.exitCode;
  try {
    await run(words);
    return text;
  } finally {
    process.exitCode = before;
    vi.restoreAllMocks();
  }
}

afterEach(() => void vi.unstubAllEnvs());

/** Sentences of the page that a command prints at once; the others want a client, a network or time. */
const PROVOKED: Record<string, () => Promise<string>> = {
  '… is …: it must be …': () => printed(['config'], { UPKI_LOG_LEVEL: 'x' }),
  '… is not a variable of uPKI and was ignored': () => printed(['config'], { UPKI_RA_PROT: '1' }),
  '… is a secret, and everybody on this machine may read that file': () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'upki.yml'), 'ca_seed: a-secret-seed-of-enough-length\n');
    chmodSync(join(folder, 'upki.yml'), 0o644);
    return printed(['config', '-d', folder]);
  },
  'this RA is not registered with a CA: run …': () => printed(['ra', 'crl', '-d', newFolder()]),
  'another uPKI runs on …; end it, or set UPKI_DATA_DIR to another directory': async () => {
    const folder = newFolder();
    const unlock = lockDirectory(folder);
    try {
      return await printed(['ra', 'init', '-d', folder]);
    } finally {
      unlock();
    }
  },
};

describe('docs/troubleshooting.md quotes the printed messages', () => {
  it.each(Object.entries(PROVOKED))('“%s”', async (sentence, provoke) => {
    expect(page).toContain(`\n### \`${sentence}\`\n`);
    const escaped = sentence.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '[^\\n]+');
    expect(await provoke()).toMatch(new RegExp(`^uPKI: ${escaped}`, 'm'));
  });
});
