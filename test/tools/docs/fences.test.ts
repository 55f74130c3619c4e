import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandsOf, fencesOf, headsOf, isDone } from '../../../tools/judges/docs/fences.js';
import { newFolder } from '../../../tools/kit/folder.js';

const page = (text: string) => fencesOf('docs/x.md', text);

describe('the code fences of a page', () => {
  it('are found with their line, heading and language, and those in lists without their indent', () => {
    const found = page(
      '# One\n\n```sh\na\n```\n\n## Two\n\n1. item\n\n   ```sh\n   b\n     c\n   ```\n\n```yaml\nd: 1\n```\n',
    );
    expect(found.map(({ line, heading, language, text }) => [line, heading, language, text])).toEqual([
      [3, 'One', 'sh', 'a'],
      [11, 'Two', 'sh', 'b\n  c'],
      [16, 'Two', 'yaml', 'd: 1'],
    ]);
    expect(found.map(isDone)).toEqual([true, true, false]);
  });

  it('contain headings and marks as plain text', () => {
    const [only, ...more] = page('```sh\n# no heading\n<!-- not run: x -->\n```\n```sh\ny\n```');
    expect(only?.text).toBe('# no heading\n<!-- not run: x -->');
    expect(more.map(({ heading, notRun }) => [heading, notRun])).toEqual([['', null]]);
  });

  it('state why they are not run, and the mark applies to the next fence only', () => {
    const found = page('<!-- not run: it asks -->\n```sh\na\n```\n```sh\nb\n```');
    expect(found.map(({ notRun }) => notRun)).toEqual(['it asks', null]);
    expect(() => page('<!-- not run -->\n')).toThrow('docs/x.md:1: "not run" without a reason');
  });

  it('for a file are written to it unchanged', () => {
    const [fence, next] = page('<!-- into: a.yml -->\n```yaml\nb: $c # `d`\n```\n```yaml\ne: 1\n```');
    expect([fence, next].map((each) => each && isDone(each))).toEqual([true, false]);
    const folder = newFolder();
    try {
      execFileSync('bash', ['-ec', fence ? commandsOf(fence) : ''], { cwd: folder });
      expect(readFileSync(join(folder, 'a.yml'), 'utf8')).toBe('b: $c # `d`\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(() => page('<!-- into -->\n')).toThrow('docs/x.md:1: "into" without a file');
  });

  it('are run except for marked lines', () => {
    const [fence] = page('<!-- not run "npm test": a step by itself -->\n```sh\nnpm start\nnpm test\n```');
    expect(fence && commandsOf(fence)).toBe('npm start');
  });
});

it('a line that states its exit code is expected to exit with it', () => {
  const [fence] = page('```sh\nupki check x   # exits with 1\n```');
  expect(fence && commandsOf(fence)).toBe('ends_with 1 upki check x');
});

it('in a session the lines after the prompt are typed, and the heads of tables are expected', () => {
  const [fence] = page('```console\n$ upki cert list\nSERIAL   STATE  ENDS\n12   good  now\n$ upki x\n```');
  expect(fence && commandsOf(fence)).toBe('upki cert list\nupki x');
  expect(fence && headsOf(fence)).toEqual(['SERIAL STATE ENDS']);
});
