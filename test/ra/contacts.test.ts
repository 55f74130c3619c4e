import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/model/problem.js';
import { parseContacts } from '../../src/ra/contacts.js';

const typeOf = (value: unknown): string => {
  try {
    parseContacts(value);
  } catch (error) {
    if (error instanceof Problem) return error.type;
    throw error;
  }
  return 'accepted';
};

describe('RFC 8555 §7.3 contact', () => {
  it('keeps valid mailto URLs in order', () => {
    const contacts = ['mailto:admin@example.com', 'mailto:ops+pki@plant.internal'];
    expect(parseContacts(contacts)).toEqual(contacts);
  });

  it('reads an absent member as no contacts', () => {
    expect(parseContacts(undefined)).toEqual([]);
  });

  it.each([
    ['malformed', 'mailto:a@example.com'],
    ['malformed', [1]],
    ['malformed', Array(11).fill('mailto:a@example.com')],
    ['unsupportedContact', ['tel:+12025551212']],
    ['unsupportedContact', ['https://example.com']],
    ['invalidContact', ['admin@example.com']],
    ['invalidContact', ['mailto:']],
    ['invalidContact', ['mailto:nobody']],
    ['invalidContact', ['mailto:a@b@example.com']],
    ['invalidContact', ['mailto:a@example.com,b@example.com']],
    ['invalidContact', ['mailto:a@example.com?subject=hi']],
    ['invalidContact', ['mailto:a\u0000@example.com']],
    ['invalidContact', [`mailto:${'a'.repeat(65)}@example.com`]],
  ])('%s: %j', (type, value) => {
    expect(typeOf(value)).toBe(type);
  });
});
