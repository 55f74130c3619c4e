import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { analyse } from 'scslre';
import { parseAst } from 'vite';
import { describe, expect, it } from 'vitest';
import { sansQuery } from '../src/rest/sans.js';
import { sourceFiles } from '../tools/docs/imports.js';

const root = join(import.meta.dirname, '..');

interface Found {
  file: string;
  source: string;
  flags: string;
}

/** Every regular expression that stands in src. */
function expressions(): Found[] {
  return sourceFiles(root, ['src']).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const found: Found[] = [];
    walk(parseAst(text, { lang: 'ts' }), (node) => {
      const { regex } = node;
      if (typeof regex !== 'object' || regex === null) return;
      const { pattern: source, flags } = regex as { pattern: string; flags: string };
      found.push({ file, source, flags });
    });
    return found;
  });
}

function walk(node: unknown, see: (node: Record<string, unknown>) => void): void {
  if (typeof node !== 'object' || node === null) return;
  if (!Array.isArray(node)) see(node as Record<string, unknown>);
  for (const child of Object.values(node)) walk(child, see);
}

/** What a text can make the expression try again and again: super-linear, polynomial or worse. */
const faults = ({ source, flags }: Pick<Found, 'source' | 'flags'>) =>
  analyse(new RegExp(source, flags)).reports.map(
    ({ type, exponential }) => `${type}${exponential ? '!' : ''}`,
  );

describe('regular expressions', () => {
  it('of the program are all linear: no text holds the event loop', () => {
    const all = expressions();
    expect(all.length).toBeGreaterThan(100);
    const bad = all.filter((each) => faults(each).length > 0);
    expect(bad.map(({ file, source }) => `${file}: /${source}/`)).toEqual([]);
  });

  it('made of text at run time meet none from outside: there is one, of the name of a program', () => {
    const made = sourceFiles(root, ['src']).filter((file) =>
      /\bRegExp\(/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(made).toEqual(['src/config/setting.ts']);
  });

  it.each([/^ +| +$/g, /(a|a)*b/, /^(\w+\s?)*$/, /%.*$/])('are judged by somebody who finds %s', (bad) => {
    expect(faults(bad)).not.toEqual([]);
  });
});

it('8 KB of `sans=` are read at once', () => {
  const began = performance.now();
  for (const text of [
    ' '.repeat(8192),
    `a${' '.repeat(8190)}a`,
    `${' ,'.repeat(4096)}`,
    `URI:${'\n'.repeat(8000)}`,
  ]) {
    sansQuery.safeParse(text);
  }
  expect(performance.now() - began).toBeLessThan(100);
});
