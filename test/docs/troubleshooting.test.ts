import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** The source as one text, with strings that were broken into several put together. */
const source = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join('src', name), 'utf8'))
  .join('\n')
  .replace(/['`"]\s*\+\s*['`"]/g, '');

const sentences = [...readFileSync('docs/troubleshooting.md', 'utf8').matchAll(/^### `(.+)`$/gm)].map(
  ([, sentence = '']) => sentence,
);

it('docs/troubleshooting.md has at least the twenty sentences an operator meets', () => {
  expect(sentences.length).toBeGreaterThanOrEqual(20);
  expect(new Set(sentences).size).toBe(sentences.length);
});

it.each(sentences)('docs/troubleshooting.md: the program says “%s”', (sentence) => {
  const parts = sentence.split('…').filter((part) => /\w{2}/.test(part));
  expect(parts.some((part) => part.trim().length >= 10)).toBe(true);
  for (const part of parts) expect(source).toContain(part);
});
