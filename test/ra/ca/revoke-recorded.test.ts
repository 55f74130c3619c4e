import { describe, expect, it } from 'vitest';
import { CaRefused, CaUnavailable } from '../../../src/model/ca.js';
import type { Certificate } from '../../../src/model/facts.js';
import { revokeRecorded } from '../../../src/ra/ca/revoke-recorded.js';
import { OperatorCertificates } from '../../../src/ra/operator/certificates.js';
import type { RaStore } from '../../../src/store/contract/ra.js';
import { aCertificate, anAccount, anOrder } from '../../../tools/kit/facts.js';
import { createTestPki } from '../../../tools/kit/test-pki.js';

const account = anAccount();
const order = anOrder(account);
const { cert } = createTestPki().leaf({ names: ['lost.test'] });
const own: Certificate = { ...aCertificate(order), chain: cert };

/** A CA that has lost all its records, and signed the certificate or not. */
function lostAt(signed: boolean, recorded: Certificate | null = own) {
  const shown: Uint8Array[] = [];
  const told: string[] = [];
  const ca = {
    revoke: async () => Promise.reject(new CaRefused('Certificate not found', 'notFound')),
    async revokeShown(der: Uint8Array) {
      if (!signed) throw new CaRefused('Certificate not found', 'notFound');
      shown.push(der);
      return { already: false };
    },
    bySerials: async () => [],
  };
  const store = {
    findCertificateBySerial: async () => recorded,
    getOrder: async () => ({ order, authorizations: [] }),
    recordRevocation: async (serial: string) => void told.push(serial),
  };
  return { ca, store, shown, told };
}

describe('a certificate whose record the CA has lost', () => {
  it('is shown to the CA from the RA’s records, which knows it by its signature', async () => {
    const lost = lostAt(true);
    expect(await revokeRecorded(lost, own.serial, 1)).toEqual({ already: false });
    expect(lost.shown).toHaveLength(1);
  });

  it('that the CA did not sign is refused in exactly these words', async () => {
    await expect(revokeRecorded(lostAt(false), own.serial, 1)).rejects.toThrow(
      'this RA has a record of that certificate, but its CA has none and did not sign it: nothing was revoked',
    );
  });

  it('and the RA too is not found, and a CA that is away is not taken for one that lost it', async () => {
    await expect(revokeRecorded(lostAt(true, null), own.serial, 1)).rejects.toThrow(CaRefused);
    const away = { ...lostAt(true).ca, revoke: () => Promise.reject(new CaUnavailable('away')) };
    await expect(revokeRecorded({ ...lostAt(true), ca: away }, own.serial, 1)).rejects.toThrow(CaUnavailable);
  });

  it('is revoked by an operator by its serial, planned first', async () => {
    const lost = lostAt(true);
    const operator = new OperatorCertificates({
      store: lost.store as unknown as RaStore,
      ca: lost.ca as never,
      clock: Date.now,
      onRevocation: () => undefined,
    });
    const [planned] = await operator.revoke({ serial: own.serial }, 1, true);
    expect(planned).toMatchObject({ outcome: 'planned', certificate: { serial: own.serial, state: 'good' } });
    expect(lost.shown).toEqual([]);
    const [done] = await operator.revoke({ serial: own.serial }, 1, false);
    expect(done).toMatchObject({ outcome: 'done' });
    expect(lost.shown).toHaveLength(1);
    expect(lost.told).toEqual([own.serial]);
  });
});
