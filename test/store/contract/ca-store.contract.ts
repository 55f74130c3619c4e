import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CaStore, CertificateRecord } from '../../../src/store/contract/ca.js';
import { aRecord, atOnce } from '../../../tools/kit/facts.js';
import { auditContract } from './audit.contract.js';
import { caAuditContract } from './ca-audit.contract.js';
import { caAuthoritiesContract } from './ca-authorities.contract.js';
import { caCertificatesContract } from './ca-certificates.contract.js';
import { caCrlContract } from './ca-crl.contract.js';
import { caCrlChangesContract } from './ca-crl-changes.contract.js';
import { caDocumentsContract } from './ca-documents.contract.js';
import { caFiguresContract } from './ca-figures.contract.js';
import { caRegistryContract } from './ca-registry.contract.js';
import { caRetentionContract } from './ca-retention.contract.js';
import { caRevocationContract } from './ca-revocation.contract.js';
import { caSearchContract } from './ca-search.contract.js';
import { leasesContract } from './leases.contract.js';

/** An empty store for one test; the factory cleans up after it. */
export type CaStoreFactory = () => Promise<{ store: CaStore; discard(): Promise<void> }>;

/** What a test works in. */
export interface CaWorld {
  readonly store: CaStore;
  /** Records a certificate. */
  record(facts?: Partial<CertificateRecord>): Promise<CertificateRecord>;
}

/** Every promise of CaStore; run it against each implementation. */
export function caStoreContract(name: string, open: CaStoreFactory): void {
  describe(`CaStore contract: ${name}`, () => {
    let store: CaStore;
    let discard: () => Promise<void>;
    beforeEach(async () => {
      ({ store, discard } = await open());
    });
    afterEach(() => discard());

    const record: CaWorld['record'] = async (facts = {}) =>
      (await store.recordCertificate(aRecord(facts))).certificate;
    const world: CaWorld = {
      get store() {
        return store;
      },
      record,
    };

    caCertificatesContract(world);
    caRevocationContract(world);
    caCrlContract(world);
    caCrlChangesContract(world);
    caAuthoritiesContract(world);
    caRegistryContract(world);
    caDocumentsContract(world);
    caRetentionContract(world);
    caFiguresContract(world);
    caSearchContract(world);
    caAuditContract(world);
    auditContract(world);
    leasesContract(world);

    test('concurrent counts all get different numbers, and the last value is stored', async () => {
      const counts = await atOnce(20, (index) => store.countSetting('seen', { at: index }));
      expect([...counts].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
      expect(await store.countSetting('seen', { at: 77 })).toBe(21);
      expect(JSON.parse((await store.getSetting('seen')) ?? '')).toEqual({ at: 77, count: 21 });
    });

    test('settings are stored, ping resolves, and close executes earlier calls', async () => {
      await store.putSetting('a', '1');
      await store.putSetting('a', '2');
      expect(await store.getSetting('a')).toBe('2');
      await store.ping();
      const last = record();
      await store.close();
      await last;
      await expect(store.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });
  });
}
