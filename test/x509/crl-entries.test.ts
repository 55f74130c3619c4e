import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CrlEntry, encodeCrlEntries, entriesWithout } from '../../src/x509/crl-entries.js';
import { DerReader } from '../../src/x509/der-reader.js';
import { encode, integerFromHex, sequence, time } from '../../src/x509/der-writer.js';
import { encodeExtension } from '../../src/x509/extensions.js';
import { OID } from '../../src/x509/oids.js';
import { TAG } from '../../src/x509/tags.js';

/** Serials of any length, also with a first octet that needs a zero before it, and longer than a length of one octet. */
const serial = fc
  .oneof(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.uint8Array({ minLength: 120, maxLength: 300 }))
  .map((octets) => Buffer.from(octets).toString('hex'));
const entry: fc.Arbitrary<CrlEntry> = fc.record({
  serial,
  revokedAt: fc.integer({ min: Date.UTC(1950, 0), max: Date.UTC(2200, 0) }),
  reason: fc.constantFrom(null, 0, 1, 2, 3, 4, 5, 6, 9, 10),
});

/** X.690, from its own parts. */
function reference({ serial, revokedAt, reason }: CrlEntry): Buffer {
  const code = encode(TAG.enumerated, Buffer.from([reason ?? 0]));
  const extensions = reason ? [sequence(encodeExtension(OID.reasonCode, code))] : [];
  return sequence(integerFromHex(serial), time(revokedAt), ...extensions);
}

const integerOf = (each: CrlEntry) => integerFromHex(each.serial).toString('hex');

test('RFC 5280 §5.1.2.6: entries are encoded one after another, with UTCTime through 2049 and without reason 0', () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      expect(encodeCrlEntries(entries)).toEqual(Buffer.concat(entries.map(reference)));
    }),
  );
  const [before, after] = [Date.UTC(2049, 11, 31, 23, 59, 59, 999), Date.UTC(2050, 0)];
  const encoded = encodeCrlEntries(
    [before, after].map((revokedAt) => ({ serial: '01', revokedAt, reason: 0 })),
  );
  expect(encoded.toString('latin1')).toContain('491231235959Z');
  expect(encoded.toString('latin1')).toContain('20500101000000Z');
});

test('entries without those of some certificates are the others, unchanged and in their order', async () => {
  const certificates = fc.uniqueArray(entry, { maxLength: 40, selector: integerOf });
  await fc.assert(
    fc.asyncProperty(
      certificates,
      fc.array(fc.boolean()),
      fc.array(serial),
      async (entries, cuts, strangers) => {
        const gone = new Set(entries.filter((_, index) => cuts[index]).map(integerOf));
        const others = strangers.filter(
          (each) => !entries.some((known) => integerOf(known) === integerFromHex(each).toString('hex')),
        );
        const serials = [...entries.filter((_, index) => cuts[index]).map((each) => each.serial), ...others];
        const pieces = await entriesWithout(encodeCrlEntries(entries), serials);
        const kept = entries.filter((each) => !gone.has(integerOf(each)));
        expect(Buffer.concat(pieces)).toEqual(encodeCrlEntries(kept));
        expect(pieces.length).toBeLessThanOrEqual(gone.size + 1);
      },
    ),
  );
});

test('serials that end in the same octets are told apart', async () => {
  const entries = ['11aabbcc', '22aabbcc', 'aabbcc', 'cc'].map((each) => ({
    serial: each,
    revokedAt: 0,
    reason: null,
  }));
  const pieces = await entriesWithout(encodeCrlEntries(entries), ['22aabbcc', 'cc']);
  const reader = new DerReader(Buffer.concat(pieces), 'entries');
  const left: string[] = [];
  while (!reader.done) left.push(reader.sequence('entry').unsignedHex('serial'));
  expect(left).toEqual(['11aabbcc', 'aabbcc']);
});
