import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProfile } from '../../../src/ca/issue/profiles.js';
import { JsonError } from '../../../src/lib/json.js';
import { convertProfile, ProfileNotConverted } from '../../../src/python/migrate/python-profile.js';
import { readPythonRa } from '../../../src/python/migrate/python-ra-database.js';
import { serialMember, timeMember, tinyDbDocuments } from '../../../src/python/migrate/tinydb.js';
import { PythonFolders } from './python-folders.js';

describe('a TinyDB file', () => {
  it('returns its documents in order, serials exact to 160 bits', () => {
    const serial = 2n ** 160n - 1n;
    const documents = tinyDbDocuments(
      `{"_default": {"1": {"serial": ${serial}, "dn": "a"}, "2": {"dn": "b"}}}`,
    );
    expect(documents.map(({ dn }) => dn)).toEqual(['a', 'b']);
    expect(serialMember(documents[0]?.serial)).toBe('ff'.repeat(20));
    expect(tinyDbDocuments('')).toEqual([]);
    expect(tinyDbDocuments('{}')).toEqual([]);
  });

  it('of any text returns documents or throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => `{"_default": ${json}}`),
        ),
        (text) => {
          try {
            for (const { serial, at } of tinyDbDocuments(text)) {
              serialMember(serial);
              timeMember(at);
            }
          } catch (error) {
            expect(error instanceof JsonError || (error as Error).message === 'is not a TinyDB file').toBe(
              true,
            );
          }
        },
      ),
    );
  });
});

describe('times of the Python programs', () => {
  it.each([
    ['2026-03-01T10:00:00.123456+00:00', '2026-03-01T10:00:00.123Z'],
    ['2026-03-01T10:00:00', '2026-03-01T10:00:00.000Z'],
    ['2026-03-01T10:00:00Z', '2026-03-01T10:00:00.000Z'],
  ])('%s is read as UTC', (text, at) => {
    expect(timeMember(text)).toBe(Date.parse(at));
  });
});

describe('a Python profile', () => {
  const member = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('rsa', 'dsa', 2048, 1024, 90, true, ['serverAuth'], ['keyCertSign']),
  );
  const names = [
    'keyType',
    'keyLen',
    'duration',
    'digest',
    'altnames',
    'subject',
    'keyUsage',
    'extendedKeyUsage',
  ];

  it('of any shape becomes one that our CA reads, or is refused with a reason', () => {
    const document = fc.dictionary(fc.constantFrom(...names, 'certType', 'domain', 'pathLen'), member);
    fc.assert(
      fc.property(fc.string(), fc.oneof(document, fc.jsonValue()), (name, value) => {
        for (const called of [name, 'custom']) {
          try {
            const { name: ours, yaml, fields } = convertProfile(called, value);
            expect(parseProfile(ours, yaml, 'file')).toEqual({ name: ours, ...fields });
          } catch (error) {
            expect(error).toBeInstanceOf(ProfileNotConverted);
          }
        }
      }),
    );
  });
});

describe('an acme.db of the Python RA', () => {
  it('with rows of any content is read, what is not understood left out with a remark', async () => {
    const python = new PythonFolders();
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.dictionary(fc.constantFrom('jwk', 'contact', 'status', 'created_at'), fc.jsonValue()),
          async (more) => {
            python.account(more);
            python.order(String(Math.random()).slice(2), 'nobody', 'a.example.test', 'x', more);
          },
        ),
        { numRuns: 50 },
      );
      const remarks: string[] = [];
      const { accounts, orders } = await readPythonRa(`${python.ra}/acme.db`, (sentence) =>
        remarks.push(sentence),
      );
      expect(accounts.length + orders.length + remarks.length).toBeGreaterThan(0);
      for (const account of accounts) expect(account.thumbprint).toMatch(/^[\w-]{43}$/);
    } finally {
      python.remove();
    }
  });
});
