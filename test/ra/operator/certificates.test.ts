import { expect, it } from 'vitest';
import type { FoundCertificate } from '../../../src/model/ca-register.js';
import { OperatorCertificates } from '../../../src/ra/operator/certificates.js';
import type { RaStore } from '../../../src/store/contract/ra.js';

const certificate = (serial: string): FoundCertificate => ({
  ...{ serial, cn: 'a.test', dn: 'CN=a.test', profile: 'server', state: 'good', names: [] },
  ...{
    notBefore: 0,
    notAfter: 1,
    issuedAt: 0,
    revokedAt: null,
    reason: null,
    orderId: null,
    accountId: null,
  },
});

/** A CA that found these certificates, a page each; as a store that has looked at enough for one page, it may have found none. */
function operator(found: readonly FoundCertificate[][]) {
  const revoked: string[] = [];
  const ca = {
    search: async ({ after, state }: { after: string | null; state?: string }) => {
      const index = Number(after ?? 0);
      const certificates = state === 'good' ? (found[index] ?? []) : [];
      return { certificates, next: index + 1 < found.length ? String(index + 1) : null };
    },
    bySerial: async () => null,
    bySerials: async () => [],
    caCertificates: async () => ({ root: '', chain: '' }),
    revoke: async (serial: string) => {
      revoked.push(serial);
      return { already: false };
    },
  };
  const store = {
    recordRevocation: async () => undefined,
    findOtherCertificate: async () => null,
    findCertificateBySerial: async () => null,
    findNodeBySerial: async () => null,
  };
  const options = { ca, store: store as unknown as RaStore, clock: () => 0, onRevocation: () => undefined };
  return { revoked, certificates: new OperatorCertificates(options as never) };
}

it('all certificates of a name are revoked, also those after a page without any', async () => {
  const { certificates, revoked } = operator([
    [],
    [certificate('01'), certificate('02')],
    [],
    [certificate('03')],
  ]);
  await certificates.revoke({ name: 'a.test', all: true }, 0, false);
  expect(revoked).toEqual(['01', '02', '03']);
});

it('the one good certificate of a name is found after a page without any', async () => {
  const { certificates } = operator([[], [], [certificate('01')]]);
  expect((await certificates.show('a.test', null)).certificate.serial).toBe('01');
});
