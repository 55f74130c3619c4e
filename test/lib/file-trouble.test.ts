import { expect, it } from 'vitest';
import { fileReason, fileTrouble } from '../../src/lib/file-trouble.js';
import { exitCodeOf } from '../../src/programs/exit-code.js';
import { describeError } from '../../src/programs/operator-error.js';

const systemError = (code: string, more: object = {}) =>
  Object.assign(new Error(`${code}: as Node words it`), { code, syscall: 'open', ...more });

it.each([
  ['EACCES', 'change its owner or its permissions'],
  ['EPERM', 'change its owner or its permissions'],
  ['EROFS', 'read-only'],
  ['ENOTDIR', 'a file where a folder is needed'],
  ['EISDIR', 'a folder where a file is needed'],
  ['ENOENT', 'no such file or folder'],
  ['ENOSPC', 'the disk is full'],
])('%s is told with the path and in words, without a stack, and ends a command with 78', (code, words) => {
  const error = systemError(code, { path: '/srv/pki/ca.db' });
  expect(fileTrouble(error)).toMatch(/^\/srv\/pki\/ca\.db: /);
  expect(fileTrouble(error)).toContain(words);
  expect(describeError(error)).toBe(fileTrouble(error));
  expect(exitCodeOf(error)).toBe(78);
});

it('an error without a path gets the path of the file that was used', () => {
  expect(fileTrouble(systemError('EISDIR'), '/etc/terms')).toBe(
    '/etc/terms: it is a folder where a file is needed',
  );
});

it('a removed working directory is reported as such', () => {
  expect(fileTrouble(systemError('ENOENT', { syscall: 'uv_cwd' }))).toContain('working directory');
});

it.each([
  ['of a socket', systemError('ECONNREFUSED', { syscall: 'connect' })],
  ['of a socket that has a path no file is at', systemError('EADDRINUSE', { path: '/run/x' })],
  ['of a missing command', systemError('ENOENT', { syscall: 'spawn openssl' })],
  ['of ours', new TypeError('x is not a function')],
])('an error %s is none of a file, keeps its stack and ends with 1', (_, error) => {
  expect(fileTrouble(error)).toBeNull();
  expect(describeError(error)).toContain('    at ');
  expect(exitCodeOf(error)).toBe(1);
});

it('a sentence that already names the file gets only the reason, or the path of another file', () => {
  const error = systemError('ENOENT', { path: '/srv/eab.json' });
  expect(fileReason(error, '/srv/eab.json')).toBe('there is no such file or folder');
  expect(fileReason(error, '/srv/other')).toBe('/srv/eab.json: there is no such file or folder');
  expect(fileReason(new Error('no file'), '/srv/other')).toBeNull();
});
