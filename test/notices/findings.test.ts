import { expect, it } from 'vitest';
import { DAY, HOUR } from '../../src/lib/time.js';
import type { CaFigures } from '../../src/model/ca-figures.js';
import {
  addedAdministrators,
  away,
  endingAuthorities,
  fullDisk,
  lateCertificate,
  lateCrls,
  stageOf,
} from '../../src/notices/findings.js';
import { messageOf } from '../../src/notices/message.js';
import { renewalWindow } from '../../src/ra/renewal-info.js';

const NOW = 1_800_000_000_000;

it('a late certificate is announced at fixed shares of the remaining time, and when it has expired', () => {
  const stages = [-1, 0, 49, 50, 75, 89, 90, 99, 100, 1000].map((at) => stageOf(0, 100, at));
  expect(stages).toEqual([0, 1, 1, 2, 3, 3, 4, 4, 5, 5]);
});

it('a certificate is late from the end of its renewal window (RFC 9773 §4.2) on', () => {
  const certificate = {
    ...{ serial: '0a', cn: 'a.test', profile: 'server', accountId: 'acc', names: ['a.test', 'b.test'] },
    ...{ notBefore: NOW, notAfter: NOW + 90 * DAY },
  };
  const { end } = renewalWindow({ ...certificate, revokedAt: null }, NOW);
  expect(lateCertificate(certificate, end - 1)).toBeNull();
  const first = lateCertificate(certificate, end);
  expect(first).toMatchObject({ type: 'certificate.not_renewed', accountId: 'acc' });
  expect(first?.line).toContain('a.test (b.test)');
  const keys = new Set(
    Array.from({ length: 100 }, (_, day) => lateCertificate(certificate, NOW + day * DAY)?.key),
  );
  keys.delete(undefined);
  expect(keys.size).toBe(5);
});

const authority = (facts: Partial<CaFigures['authorities'][number]>) => ({
  ...{
    id: 'i1',
    kind: 'issuer',
    dn: 'CN=Issuer',
    notBefore: NOW - 300 * DAY,
    notAfter: NOW + 10 * DAY,
    inUse: true,
  },
  ...facts,
});

it('an expiring CA certificate is announced, unless another of its kind in use lasts longer, or it is retired', () => {
  const ending = authority({});
  expect(endingAuthorities({ authorities: [ending] }, NOW)).toMatchObject([{ type: 'authority.ending' }]);
  const root = authority({ id: 'r1', kind: 'root', notAfter: NOW + 3000 * DAY });
  expect(endingAuthorities({ authorities: [ending, root] }, NOW)).toHaveLength(1);
  const next = authority({ id: 'i2', notAfter: NOW + 400 * DAY });
  expect(endingAuthorities({ authorities: [ending, next] }, NOW)).toEqual([]);
  expect(endingAuthorities({ authorities: [ending, { ...next, inUse: false }] }, NOW)).toHaveLength(1);
  expect(endingAuthorities({ authorities: [{ ...ending, inUse: false }] }, NOW)).toEqual([]);
});

it('a CRL that was not renewed is announced before and after its expiry, but not that of an expired issuer', () => {
  const crl = (left: number) => ({
    issuer: 'i1',
    number: 7,
    thisUpdate: NOW + left - 7 * DAY,
    nextUpdate: NOW + left,
  });
  const authorities = [authority({})];
  const keys = [3 * DAY, DAY, -HOUR].map((left) =>
    lateCrls({ crls: [crl(left)], authorities }, NOW).map(({ key }) => key),
  );
  expect(keys).toEqual([[], ['crl i1 7 soon'], ['crl i1 7 over']]);
  expect(lateCrls({ crls: [crl(-HOUR)], authorities: [authority({ notAfter: NOW - 1 })] }, NOW)).toEqual([]);
});

it('an administrator is announced only when added after notices were configured', () => {
  const at = (addedAt: number) => ({ dn: 'CN=Eve', role: 'admin', addedAt });
  expect(addedAdministrators([at(NOW - 1), at(NOW)], NOW)).toMatchObject([{ facts: { dn: 'CN=Eve' } }]);
});

it('a restart of the CA is not announced, but five minutes without it are', () => {
  expect(away('ca', null, NOW)).toEqual([]);
  expect(away('ca', NOW - 60_000, NOW)).toEqual([]);
  expect(away('ca', NOW - 300_000, NOW)).toMatchObject([{ type: 'ca.away' }]);
});

it('a disk of unknown size is not announced as full', () => {
  expect(fullDisk('ca', '', null, NOW)).toEqual([]);
  expect(fullDisk('ca', '', 600 * 1024 * 1024, NOW)).toEqual([]);
  expect(fullDisk('ra', 'host', 1024, NOW)).toMatchObject([{ type: 'disk.full' }]);
});

it('a digest of thousands lists fifty and counts the rest', () => {
  const findings = Array.from({ length: 3_000 }, (_, index) => ({
    ...({
      type: 'certificate.not_renewed',
      key: `k${index}`,
      line: `line ${index}`,
      facts: { index },
    } as const),
  }));
  const { subject, text, data } = messageOf('certificate.not_renewed', findings, 'ra.test');
  expect(subject).toBe('uPKI ra.test: 3000 certificates were not renewed');
  expect(text).toContain('and 2950 more');
  expect(text.split('\n').length).toBeLessThan(60);
  expect(data).toMatchObject({ count: 3_000 });
});
