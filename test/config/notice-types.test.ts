import { expect, it } from 'vitest';
import { smtp } from '../../src/config/notice-types.js';

it('a password of the mail server that cannot be decoded is refused at start, without being quoted', () => {
  for (const url of ['smtp://user:100%@mail.example.test', 'smtp://100%zz:x@mail.example.test']) {
    expect(() => smtp.parse(url)).toThrow(/%25/);
    expect(() => smtp.parse(url)).not.toThrow(/100/);
  }
  expect(smtp.parse('smtp://user:100%25@mail.example.test')).toBe('smtp://user:100%25@mail.example.test');
});
