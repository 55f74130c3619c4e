import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** The numbered notes of SECURITY.md: the files each names, and the titles it quotes from one of them. */
const notes = [...readFileSync('SECURITY.md', 'utf8').matchAll(/^\d+\. (.+)$/gm)].map(
  ([, note = '']) => note,
);
const evidence = notes.flatMap((note) =>
  [...note.matchAll(/`(test\/[\w/.-]+)`(?:: ("[^"]+"(?:, "[^"]+")*))?/g)].map(
    ([, file = '', titles = '""']) => ({
      file,
      titles: titles.slice(1, -1).split('", "'),
    }),
  ),
);

describe('SECURITY.md cites tests that exist', () => {
  it('each numbered note names at least one test file', () => {
    expect(notes.length).toBeGreaterThanOrEqual(11);
    expect(notes.filter((note) => !note.includes('`test/'))).toEqual([]);
  });

  it.each(evidence)('$file has the titles $titles', ({ file, titles }) => {
    const source = readFileSync(file, 'utf8');
    for (const title of titles) expect(source).toContain(title);
  });
});
