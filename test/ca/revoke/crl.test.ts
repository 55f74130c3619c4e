import 'reflect-metadata';
import { createPublicKey } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import * as peculiar from '@peculiar/x509';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCrl } from '../../../src/ca/revoke/crl.js';
import { signerFor, verifySignature } from '../../../src/x509/algorithms.js';
import { parseCertificate, subjectKeyId } from '../../../src/x509/certificate.js';
import { parseCrl } from '../../../src/x509/crl.js';
import type { CrlEntry } from '../../../src/x509/crl-entries.js';
import { DerError } from '../../../src/x509/der-error.js';
import { parseAuthorityKeyIdentifier } from '../../../src/x509/extensions.js';
import { OID } from '../../../src/x509/oids.js';
import { NOW, signingWorld } from '../../../tools/kit/signing-world.js';

const world = await signingWorld();
const issuer = { certificate: world.intermediate, signer: signerFor(world.issuerKey) };
const times = { thisUpdate: NOW, nextUpdate: NOW + 7 * 86_400_000 };

async function* pages(...all: CrlEntry[][]) {
  for (const page of all) {
    await turn();
    yield page;
  }
}

describe('RFC 5280 §5 certificate revocation lists', () => {
  it('have number, authority key identifier, times and reasons; reason 0 is left out (§5.3.1)', async () => {
    const revoked = [
      { serial: '10ab', revokedAt: NOW - 1000, reason: 1 },
      { serial: '7f01', revokedAt: NOW - 2000, reason: 0 },
      { serial: '2200', revokedAt: NOW - 3000, reason: null },
      { serial: '33ff', revokedAt: NOW - 4000, reason: 6 },
    ];
    const der = await buildCrl(
      issuer,
      { number: 7n, ...times },
      pages(revoked.slice(0, 2), [], revoked.slice(2)),
    );
    const crl = parseCrl(der);
    expect(crl).toMatchObject({ number: 7n, ...times });
    expect(crl.entries).toEqual(revoked.map((entry) => ({ ...entry, reason: entry.reason || null })));
    const aki = crl.extensions.get(OID.authorityKeyIdentifier)?.value ?? expect.unreachable();
    expect(parseAuthorityKeyIdentifier(aki)).toBe(subjectKeyId(parseCertificate(world.intermediate)));
    expect(
      verifySignature(crl.signatureAlgorithm, createPublicKey(world.issuerKey), crl.tbs, crl.signature),
    ).toBe(true);
  });

  it('have no list of entries when nothing is revoked (§5.1.2.6), and other libraries read them in the same way', async () => {
    const empty = await buildCrl(issuer, { number: 1n, ...times }, pages());
    expect(parseCrl(empty).entries).toEqual([]);
    expect(new peculiar.X509Crl(empty).entries).toHaveLength(0);
    const one = await buildCrl(
      issuer,
      { number: 2n, ...times },
      pages([{ serial: '10ab', revokedAt: NOW, reason: 4 }]),
    );
    const read = new peculiar.X509Crl(one);
    expect(read.entries.map(({ serialNumber, reason }) => [serialNumber, reason])).toEqual([['10ab', 4]]);
    expect(read.nextUpdate?.getTime()).toBe(times.nextUpdate);
  });

  it.each([
    0, 3, 8, 2_000, 2_200,
  ])('are whole DER with %i entries, whatever their lengths take', async (count) => {
    const entries = [...Array(count)].map((_, index) => ({
      serial: (0x10000000 + index).toString(16),
      revokedAt: NOW,
      reason: 1,
    }));
    const der = await buildCrl(issuer, { number: 3n, ...times }, pages(entries));
    const crl = parseCrl(der);
    expect(crl.entries).toEqual(entries);
    expect(
      verifySignature(crl.signatureAlgorithm, createPublicKey(world.issuerKey), crl.tbs, crl.signature),
    ).toBe(true);
    // The other reader refuses more than 10,000 elements.
    if (count < 1_000) expect(new peculiar.X509Crl(der).entries).toHaveLength(count);
  });

  it('of 100,000 entries are built in steps, so that other work runs in between', async () => {
    let turns = 0;
    let building = true;
    const others = (async () => {
      while (building) {
        await turn();
        turns += 1;
      }
    })();
    const page = (start: number) =>
      [...Array(1000)].map((_, index) => ({
        serial: (0x10000000 + start + index).toString(16),
        revokedAt: NOW,
        reason: 1,
      }));
    const der = await buildCrl(
      issuer,
      { number: 3n, ...times },
      pages(...[...Array(100)].map((_, index) => page(index * 1000))),
    );
    building = false;
    await others;
    expect(parseCrl(der).entries).toHaveLength(100_000);
    expect(turns).toBeGreaterThan(50);
  });

  it('the reader throws nothing but DerError', async () => {
    const good = await buildCrl(
      issuer,
      { number: 2n, ...times },
      pages([{ serial: '10ab', revokedAt: NOW, reason: 4 }]),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (mutations) => {
          const bytes = Buffer.from(good);
          for (const [at, octet] of mutations) bytes[at] = octet;
          try {
            parseCrl(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(DerError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
