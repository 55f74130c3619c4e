import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  AdministratorRecord,
  CaStore,
  CertificateFilter,
  CertificateRecord,
} from '../../../src/store/contract/ca.js';
import { IssuerRetired, KeyCompromised } from '../../../src/store/contract/errors.js';
import { verifyAudit } from '../../../src/store/rows/audit-chain.js';
import { anAuthority, aRecord, atOnce, HOUR, NOW } from '../../../tools/kit/facts.js';
import { auditContract, told } from './audit.contract.js';
import { caCrlChangesContract } from './ca-crl-changes.contract.js';
import { caFiguresContract } from './ca-figures.contract.js';
import { caRetentionContract } from './ca-retention.contract.js';
import { caSearchContract } from './ca-search.contract.js';
import { leasesContract } from './leases.contract.js';

/** An empty store for one test; the factory cleans up after it. */
export type CaStoreFactory = () => Promise<{ store: CaStore; discard(): Promise<void> }>;

/** Every promise of CaStore; run it against each implementation. */
export function caStoreContract(name: string, open: CaStoreFactory): void {
  describe(`CaStore contract: ${name}`, () => {
    let store: CaStore;
    let discard: () => Promise<void>;
    beforeEach(async () => {
      ({ store, discard } = await open());
    });
    afterEach(() => discard());

    const record = async (facts: Partial<CertificateRecord> = {}) =>
      (await store.recordCertificate(aRecord(facts))).certificate;

    describe('certificates', () => {
      test('a certificate is found by serial and by order, with every fact', async () => {
        const certificate = aRecord({ orderId: 'o1', accountId: 'a1' });
        expect(await store.recordCertificate(certificate)).toEqual({ certificate, created: true });
        expect(await store.findBySerial(certificate.serial)).toEqual(certificate);
        expect(await store.findByOrder('o1')).toEqual(certificate);
        expect(await store.findBySerial('00')).toBeNull();
        expect(await store.findByOrder('none')).toBeNull();
      });

      test('concurrent requests for one order record one certificate, and all get it', async () => {
        const results = await atOnce(8, () => store.recordCertificate(aRecord({ orderId: 'o1' })));
        const winner = results.find(({ created }) => created)?.certificate;
        expect(results.filter(({ created }) => created)).toHaveLength(1);
        for (const { certificate } of results) expect(certificate).toEqual(winner);
        expect((await store.listCertificates({ after: null, limit: 10, now: NOW })).items).toHaveLength(1);
      });

      test('certificates without an order do not conflict', async () => {
        expect((await store.recordCertificate(aRecord())).created).toBe(true);
        expect((await store.recordCertificate(aRecord())).created).toBe(true);
      });

      test('a serial is used only once', async () => {
        const { serial } = await record();
        const twin = aRecord({ serial, orderId: 'o2' });
        await expect(store.recordCertificate(twin)).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
        expect(await store.findByOrder('o2')).toBeNull();
      });

      test('a search by CN returns the newest certificate first, without deleted ones', async () => {
        const first = await record();
        const second = await record();
        const third = await record();
        await record({ cn: 'other.example.com' });
        const cn = 'www.example.com';
        expect(await store.findNewestByCn(cn)).toEqual(third);
        expect(await store.listByCn(cn, 2)).toEqual([third, second]);
        expect(await store.markDeleted(third.serial, NOW)).toBe(true);
        expect(await store.findNewestByCn(cn)).toEqual(second);
        expect(await store.listByCn(cn, 9)).toEqual([second, first]);
        expect(await store.findNewestByCn('none')).toBeNull();
      });

      test('a deleted certificate keeps its first time and is still found by serial', async () => {
        const { serial } = await record();
        expect(await store.markDeleted(serial, NOW)).toBe(true);
        expect(await store.markDeleted(serial, NOW + 1)).toBe(true);
        expect((await store.findBySerial(serial))?.deletedAt).toBe(NOW);
        expect(await store.markDeleted('00', NOW)).toBe(false);
      });
    });

    describe('listing', () => {
      const all = async (limit: number, filter: CertificateFilter = {}) => {
        const serials: string[] = [];
        let after: string | null = null;
        do {
          const page: Awaited<ReturnType<CaStore['listCertificates']>> = await store.listCertificates({
            after,
            limit,
            now: NOW,
            filter,
          });
          expect(page.items.length).toBeLessThanOrEqual(limit);
          serials.push(...page.items.map(({ serial }) => serial));
          after = page.next;
        } while (after !== null);
        return serials;
      };
      const sorted = (...records: CertificateRecord[]) => records.map(({ serial }) => serial).sort();

      test('pages of any size contain every certificate once, by serial, without deleted ones', async () => {
        const records = [await record(), await record(), await record(), await record(), await record()];
        const { serial } = await record();
        await store.markDeleted(serial, NOW);
        for (const limit of [1, 2, 5, 6]) expect(await all(limit)).toEqual(sorted(...records));
      });

      test('a listing is filtered by state, CN and expiry, alone and together', async () => {
        const good = await record();
        const expired = await record({ notAfter: NOW - 1 });
        const revoked = await record({ revokedAt: NOW, reason: 1 });
        const both = await record({ notAfter: NOW - 1, revokedAt: NOW, cn: 'b' });
        expect(await all(1, { state: 'good' })).toEqual(sorted(good));
        expect(await all(1, { state: 'expired' })).toEqual(sorted(expired));
        expect(await all(1, { state: 'revoked' })).toEqual(sorted(revoked, both));
        expect(await all(1, { cn: 'b' })).toEqual(sorted(both));
        expect(await all(1, { expiresBefore: NOW })).toEqual(sorted(expired, both));
        expect(await all(1, { expiresBefore: NOW, state: 'revoked', cn: 'www.example.com' })).toEqual([]);
      });

      test('a filter without matches ends, over more certificates than one page examines', async () => {
        await atOnce(2_100, () => store.recordCertificate(aRecord()));
        const first = await store.listCertificates({
          after: null,
          limit: 10,
          now: NOW,
          filter: { state: 'revoked' },
        });
        expect(first.items).toEqual([]);
        expect(await all(10, { state: 'revoked' })).toEqual([]);
        expect(await all(1_000, { state: 'good' })).toHaveLength(2_100);
      });
    });

    describe('revocation (RFC 5280 §5.3.1)', () => {
      test('one of many concurrent revocations succeeds, with its own time and reason', async () => {
        const { serial } = await record();
        const results = await atOnce(4, (index) => store.revoke(serial, NOW + index, 1));
        expect(results.filter((result) => result === 'revoked')).toHaveLength(1);
        expect(results.filter((result) => result === 'already')).toHaveLength(3);
        expect(await store.findBySerial(serial)).toMatchObject({
          revokedAt: NOW + results.indexOf('revoked'),
          reason: 1,
        });
        expect(await store.revoke('00', NOW, null)).toBe('unknown');
      });

      test('the reason changes only from hold to any other, and from any other to keyCompromise; the time stays', async () => {
        const reasonAfter = async (first: number | null, second: number | null) => {
          const { serial } = await record();
          await store.revoke(serial, NOW, first);
          const outcome = await store.revoke(serial, NOW + 1, second);
          const { revokedAt, reason } = (await store.findBySerial(serial)) ?? {};
          expect(revokedAt).toBe(NOW);
          return [outcome, reason];
        };
        for (const first of [null, 0, 4, 5, 6, 9]) {
          expect([first, await reasonAfter(first, 1)]).toEqual([first, ['revoked', 1]]);
        }
        for (const second of [null, 4]) expect(await reasonAfter(6, second)).toEqual(['revoked', second]);
        for (const [first, second] of [
          [null, 4],
          [4, 5],
          [4, 6],
          [6, 6],
          [1, 1],
          [1, 4],
          [1, null],
        ] as const) {
          expect([first, second, await reasonAfter(first, second)]).toEqual([
            first,
            second,
            ['already', first],
          ]);
        }
      });

      test('only a certificate on hold (6) can be released', async () => {
        const held = await record();
        await store.revoke(held.serial, NOW, 6);
        expect(await store.unrevoke(held.serial)).toBe(true);
        expect(await store.findBySerial(held.serial)).toEqual(held);
        expect(await store.unrevoke(held.serial)).toBe(false);
        for (const reason of [null, 0, 1]) {
          const { serial } = await record();
          await store.revoke(serial, NOW, reason);
          expect(await store.unrevoke(serial)).toBe(false);
          expect((await store.findBySerial(serial))?.revokedAt).toBe(NOW);
        }
        expect(await store.unrevoke('00')).toBe(false);
      });
    });

    describe('CRL (RFC 5280 §5)', () => {
      const revokedSerials = async (limit: number, now: number) => {
        const serials: string[] = [];
        let after: string | null = null;
        do {
          const page: Awaited<ReturnType<CaStore['listRevoked']>> = await store.listRevoked({
            issuer: '',
            after,
            limit,
            endedFrom: now,
          });
          serials.push(...page.items.map(({ serial }) => serial));
          after = page.next;
        } while (after !== null);
        return serials.sort();
      };

      test('pages of any size contain each revoked, unexpired certificate once, including deleted ones', async () => {
        const serials: string[] = [];
        for (const notAfter of [NOW, NOW + HOUR, NOW + HOUR, NOW + HOUR, NOW + 2 * HOUR]) {
          const { serial } = await record({ notAfter });
          await store.revoke(serial, NOW - 5, 1);
          serials.push(serial);
        }
        await store.markDeleted(serials[0] ?? '', NOW);
        await store.revoke((await record({ notAfter: NOW - 1 })).serial, NOW - 5, 1);
        await record();
        for (const limit of [1, 2, 3, 5, 9]) {
          expect(await revokedSerials(limit, NOW)).toEqual([...serials].sort());
        }
        const { items } = await store.listRevoked({ issuer: '', after: null, limit: 1, endedFrom: NOW });
        expect(items).toEqual([{ serial: serials[0], revokedAt: NOW - 5, reason: 1 }]);
      });

      test('a certificate released from hold is not on the CRL', async () => {
        const { serial } = await record();
        await store.revoke(serial, NOW, 6);
        await store.unrevoke(serial);
        expect(await revokedSerials(5, NOW)).toEqual([]);
      });

      test('CRL numbers rise from 1, and none is assigned twice (§5.2.3)', async () => {
        const numbers = await atOnce(20, () => store.allocateCrlNumber('', 0));
        expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
      });

      test('a CRL is current until a revocation or release after its number was assigned', async () => {
        const kept = async () => {
          const number = await store.allocateCrlNumber('', 0);
          await store.putCrl('', {
            number,
            der: new Uint8Array([1]),
            thisUpdate: NOW,
            nextUpdate: NOW + HOUR,
          });
          return number;
        };
        const { serial } = await record();
        const first = await kept();
        expect(await store.isCrlCurrent('', first)).toBe(true);
        await store.revoke(serial, NOW, 6);
        expect(await store.isCrlCurrent('', first)).toBe(false);
        const second = await kept();
        expect(await store.isCrlCurrent('', second)).toBe(true);
        expect(await store.isCrlCurrent('', first)).toBe(false);
        // Neither what was revoked before nor what is unknown changes anything.
        await store.revoke(serial, NOW, 6);
        await store.revoke('00', NOW, 1);
        expect(await store.isCrlCurrent('', second)).toBe(true);
        await store.unrevoke(serial);
        expect(await store.isCrlCurrent('', second)).toBe(false);
        await store.unrevoke(serial);
        expect(await store.isCrlCurrent('', await kept())).toBe(true);
        // One that was begun before a revocation and kept after it.
        const begun = await store.allocateCrlNumber('', 0);
        await store.revoke(serial, NOW, 1);
        await store.putCrl('', { number: begun, der: new Uint8Array([1]), thisUpdate: NOW, nextUpdate: NOW });
        expect(await store.isCrlCurrent('', begun)).toBe(false);
      });

      test('the stored CRL is the one with the greatest number, and numbers continue from it', async () => {
        expect(await store.getCrl('')).toBeNull();
        const crl = (number: number) => ({
          number,
          der: new Uint8Array([number]),
          thisUpdate: NOW,
          nextUpdate: NOW + HOUR,
        });
        expect(await store.putCrl('', crl(7))).toBe(true);
        expect(await store.putCrl('', crl(7))).toBe(false);
        expect(await store.putCrl('', crl(6))).toBe(false);
        expect(await store.getCrl('')).toEqual(crl(7));
        expect(await store.allocateCrlNumber('', 0)).toBe(8);
      });
    });

    describe('roots and issuers', () => {
      test('they are stored completely, in the order they were added, each id once', async () => {
        const first = anAuthority({ tag: '' });
        const second = anAuthority({
          kind: 'root',
          keyRef: null,
          sealedKey: new Uint8Array([4, 5]),
          of: 'x',
          usedFrom: null,
        });
        expect(await store.addAuthority(first, null)).toBe(true);
        expect(await store.addAuthority(second, null)).toBe(true);
        expect(await store.addAuthority({ ...first, chain: 'other' }, null)).toBe(false);
        expect(await store.listAuthorities()).toEqual([first, second]);
      });

      test('one of several concurrent successors is stored, and it retires its predecessor', async () => {
        const old = anAuthority();
        await store.addAuthority(old, null);
        const added = await atOnce(6, () => store.addAuthority(anAuthority({ addedAt: NOW + 7 }), old.id));
        expect(added.filter(Boolean)).toHaveLength(1);
        const [kept, ...others] = await store.listAuthorities();
        expect(kept).toEqual({ ...old, retiredAt: NOW + 7 });
        expect(others).toHaveLength(1);
        expect(await store.addAuthority(anAuthority(), 'unknown')).toBe(false);
      });

      test('only the given facts change, and an unknown id is reported', async () => {
        const one = anAuthority({ keyRef: 'a.key' });
        await store.addAuthority(one, null);
        expect(await store.changeAuthority(one.id, { renewFrom: NOW, keyRef: null })).toBe(true);
        expect(await store.changeAuthority(one.id, {})).toBe(true);
        expect(await store.changeAuthority('unknown', { renewFrom: NOW })).toBe(false);
        expect(await store.listAuthorities()).toEqual([{ ...one, renewFrom: NOW, keyRef: null }]);
      });

      test('a retired issuer issues nothing more, but orders keep their certificates and it has its OCSP certificate', async () => {
        const issuer = anAuthority();
        await store.addAuthority(issuer, null);
        const before = aRecord({ orderId: 'before', issuer: issuer.tag });
        await store.recordCertificate(before);
        await store.changeAuthority(issuer.id, { retiredAt: NOW });
        const late = () => aRecord({ issuer: issuer.tag });
        await expect(store.recordCertificate(late())).rejects.toThrow(IssuerRetired);
        await expect(store.recordCertificate({ ...late(), orderId: 'new' })).rejects.toThrow(IssuerRetired);
        const again = await store.recordCertificate({ ...late(), orderId: 'before' });
        expect(again).toEqual({ certificate: before, created: false });
        expect((await store.recordCertificate(late(), undefined, { evenRetired: true })).created).toBe(true);
        expect((await store.recordCertificate(aRecord({ issuer: 'another' }))).created).toBe(true);
      });

      test('each issuer has its own CRL, which only its own certificates make outdated', async () => {
        const [one, two] = [anAuthority({ tag: '' }), anAuthority()];
        for (const each of [one, two]) await store.addAuthority(each, null);
        const crl = (number: number) => ({
          number,
          der: new Uint8Array([number]),
          thisUpdate: NOW,
          nextUpdate: NOW + HOUR,
        });
        for (const { tag } of [one, two]) {
          expect(await store.allocateCrlNumber(tag, 5)).toBe(5);
          expect(await store.allocateCrlNumber(tag, 3)).toBe(6);
          expect(await store.putCrl(tag, crl(6))).toBe(true);
        }
        expect(await store.putCrl('unknown', crl(9))).toBe(false);
        const { serial } = await record({ issuer: two.tag, notAfter: NOW + 3 * HOUR });
        await record({ issuer: two.tag, notAfter: NOW + 2 * HOUR });
        await store.revoke(serial, NOW, 1);
        expect(await store.isCrlCurrent(one.tag, 6)).toBe(true);
        expect(await store.isCrlCurrent(two.tag, 6)).toBe(false);
        const revoked = async (issuer: string) =>
          (await store.listRevoked({ issuer, after: null, limit: 5, endedFrom: NOW })).items.map(
            (entry) => entry.serial,
          );
        expect(await revoked(one.tag)).toEqual([]);
        expect(await revoked(two.tag)).toEqual([serial]);
        expect(await store.lastCertificateEnd(two.tag)).toBe(NOW + 3 * HOUR);
        expect(await store.lastCertificateEnd('unknown')).toBeNull();
        const listed = await store.listCertificates({
          after: null,
          limit: 5,
          now: NOW,
          filter: { issuer: two.tag },
        });
        expect(listed.items).toHaveLength(2);
      });
    });

    describe('nodes, administrators and channel peers', () => {
      test('nodes are stored by CN, and the last registration counts', async () => {
        const node = (cn: string, profile = 'server') => ({
          cn,
          profile,
          sans: [{ type: 'DNS', value: cn }],
          registeredAt: NOW,
        });
        for (const cn of ['c', 'a', 'b']) await store.putNode(node(cn));
        await store.putNode(node('a', 'ra'));
        expect(await store.getNode('a')).toEqual(node('a', 'ra'));
        expect(await store.getNode('none')).toBeNull();
        const first = await store.listNodes({ after: null, limit: 2 });
        expect(first.items.map(({ cn }) => cn)).toEqual(['a', 'b']);
        expect(await store.listNodes({ after: first.next, limit: 2 })).toEqual({
          items: [node('c')],
          next: null,
        });
        expect(await store.removeNode('b')).toBe(true);
        expect(await store.removeNode('b')).toBe(false);
      });

      const admin = (dn: string, changes: Partial<AdministratorRecord> = {}) => ({
        ...{ dn, role: 'admin' as const, addedAt: NOW, byName: false },
        ...changes,
      });

      test('administrators are added once, listed in that order, and removed', async () => {
        const added = await atOnce(3, () => store.addAdmin(admin('/CN=z')));
        expect(added.sort()).toEqual([false, false, true]);
        await store.addAdmin(admin('/CN=a', { role: 'auditor', byName: true }));
        expect(await store.listAdmins()).toEqual([
          admin('/CN=z'),
          admin('/CN=a', { role: 'auditor', byName: true }),
        ]);
        expect(await store.setAdminRole('/CN=a', 'operator')).toBe(true);
        expect(await store.setAdminRole('/CN=a', 'operator')).toBe(false);
        expect(await store.setAdminRole('/CN=none', 'operator')).toBe(false);
        expect((await store.listAdmins())[1]?.role).toBe('operator');
        expect(await store.removeAdmin('/CN=a')).toBe(true);
        expect(await store.removeAdmin('/CN=a')).toBe(false);
        expect(await store.listAdmins()).toEqual([admin('/CN=z')]);
      });

      test('an administrator’s entry covers the certificates assigned to it, until it is removed', async () => {
        const [first, second] = [await record({ profile: 'admin' }), await record({ profile: 'admin' })];
        await record({ profile: 'server' });
        expect(await store.addAdmin(admin('/CN=b'), undefined, first.serial)).toBe(true);
        expect(await store.addAdmin(admin('/CN=b', { role: 'auditor' }), undefined, second.serial)).toBe(
          false,
        );
        expect(await store.findAdminBySerial(first.serial)).toEqual(admin('/CN=b'));
        expect(await store.findAdminBySerial(second.serial)).toEqual(admin('/CN=b'));
        expect((await store.listAdminCertificates()).map(({ serial }) => serial)).toEqual([
          first.serial,
          second.serial,
        ]);
        await store.addAdmin(admin('/CN=named', { byName: true }));
        const third = await record({ profile: 'admin' });
        expect(await store.bindAdmin('/CN=named', [third.serial, first.serial])).toBe(true);
        expect(await store.findAdminBySerial(third.serial)).toEqual(admin('/CN=named'));
        // What is another entry's stays so.
        expect(await store.findAdminBySerial(first.serial)).toEqual(admin('/CN=b'));
        expect(await store.bindAdmin('/CN=named', [second.serial])).toBe(false);
        expect(await store.bindAdmin('/CN=none', [])).toBe(false);
        await store.removeAdmin('/CN=named');
        await store.removeAdmin('/CN=b');
        await store.addAdmin(admin('/CN=b'));
        expect(await store.findAdminBySerial(first.serial)).toBeNull();
        expect(await store.findAdminBySerial('00')).toBeNull();
      });

      test('keys revoked as compromised are listed from then on, page by page', async () => {
        const [first, second] = [await record(), await record()];
        await store.revoke(first.serial, NOW, 1, undefined, 'key-1');
        await store.revoke(first.serial, NOW, 1, undefined, 'key-1');
        await store.revoke(second.serial, NOW, 4);
        await store.revoke(second.serial, NOW, 1, undefined, 'key-2');
        expect([await store.isCompromisedKey('key-1'), await store.isCompromisedKey('key-3')]).toEqual([
          true,
          false,
        ]);
        const page = await store.listCompromisedKeys({ after: 0, limit: 1 });
        expect(page.items).toEqual(['key-1']);
        const rest = await store.listCompromisedKeys({ after: page.next, limit: 5 });
        expect(rest.items).toEqual(['key-2']);
        expect(await store.listCompromisedKeys({ after: rest.next, limit: 5 })).toEqual({
          items: [],
          next: rest.next,
        });
      });

      test('no certificate is kept for a compromised key, but what an order has already is given', async () => {
        const before = aRecord({ orderId: 'before' });
        await store.recordCertificate(before, undefined, { key: 'leaked' });
        await store.revoke(before.serial, NOW, 1, undefined, 'leaked');
        const keep = (facts: Partial<CertificateRecord>, key: string) =>
          store.recordCertificate(aRecord(facts), undefined, { key });
        const refused = aRecord();
        await expect(store.recordCertificate(refused, undefined, { key: 'leaked' })).rejects.toThrow(
          KeyCompromised,
        );
        await expect(keep({ orderId: 'new' }, 'leaked')).rejects.toThrow(KeyCompromised);
        expect(await store.findBySerial(refused.serial)).toBeNull();
        expect(await keep({ orderId: 'before' }, 'leaked')).toMatchObject({
          certificate: { serial: before.serial },
          created: false,
        });
        expect((await keep({}, 'another')).created).toBe(true);
      });

      test('a certificate on hold can be revoked for good, from the time of the hold, and no other reason changes', async () => {
        const held = await record();
        await store.revoke(held.serial, NOW, 6);
        expect(await store.revoke(held.serial, NOW + 1, 6)).toBe('already');
        expect(await store.revoke(held.serial, NOW + 2, 1)).toBe('revoked');
        expect(await store.findBySerial(held.serial)).toMatchObject({ revokedAt: NOW, reason: 1 });
        expect(await store.unrevoke(held.serial)).toBe(false);
        expect(await store.revoke(held.serial, NOW + 3, 4)).toBe('already');
        const unspecified = await record();
        await store.revoke(unspecified.serial, NOW, 6);
        expect(await store.revoke(unspecified.serial, NOW, null)).toBe('revoked');
        expect((await store.findBySerial(unspecified.serial))?.reason).toBeNull();
      });

      test('a channel key is admitted, blocked, and admitted again', async () => {
        const peer = {
          publicKey: 'k'.repeat(40),
          role: 'ra' as const,
          cn: 'ra1',
          addedAt: NOW,
          serial: null,
        };
        expect(await store.findPeer(peer.publicKey)).toBeNull();
        await store.admitPeer(peer);
        expect(await store.findPeer(peer.publicKey)).toEqual({ ...peer, revokedAt: null });
        expect(await store.revokePeer(peer.publicKey, NOW + 1)).toBe(true);
        expect(await store.revokePeer(peer.publicKey, NOW + 2)).toBe(false);
        expect(await store.findPeer(peer.publicKey)).toEqual({ ...peer, revokedAt: NOW + 1 });
        await store.admitPeer({ ...peer, role: 'admin' });
        expect(await store.listPeers()).toEqual([{ ...peer, role: 'admin', revokedAt: null }]);
        expect(await store.revokePeer('none', NOW)).toBe(false);
      });

      test('a channel key is admitted by the newest certificate of its own registration', async () => {
        const [first, other, second] = [await record(), await record(), await record()];
        const peer = { publicKey: 'k'.repeat(40), role: 'ra' as const, cn: 'ra1', addedAt: NOW };
        await store.admitPeer({ ...peer, serial: first.serial });
        await store.admitPeer({ ...peer, publicKey: 'o'.repeat(40), serial: other.serial });
        const standing = async (key = peer.publicKey) => {
          const found = await store.findPeer(key);
          return [found?.serial, found?.revokedAt];
        };
        await store.revoke(first.serial, NOW + 1, 6);
        expect(await standing()).toEqual([first.serial, NOW + 1]);
        expect(await standing('o'.repeat(40))).toEqual([other.serial, null]);
        await store.unrevoke(first.serial);
        expect(await standing()).toEqual([first.serial, null]);
        for (const _ of [1, 2]) await store.addPeerCertificate(peer.publicKey, second.serial);
        await store.revoke(first.serial, NOW + 2, 1);
        expect(await standing()).toEqual([second.serial, null]);
        await store.revoke(second.serial, NOW + 3, 1);
        expect(await standing()).toEqual([second.serial, NOW + 3]);
        expect((await store.listPeers()).map(({ revokedAt }) => revokedAt)).toEqual([NOW + 3, null]);
      });
    });

    describe('copies of ACME objects', () => {
      test('the last copy of an ACME object counts, and kinds do not mix', async () => {
        const copy = { kind: 'account' as const, id: '1', parentId: null, body: { status: 'valid', n: [1] } };
        await store.putDocument({ ...copy, body: {} }, NOW);
        await store.putDocument(copy, NOW);
        expect(await store.getDocument('account', '1')).toEqual(copy);
        expect(await store.getDocument('order', '1')).toBeNull();
      });

      test('copies of ACME objects are listed by id, page by page, and by parent', async () => {
        for (const [id, parentId] of [
          ['3', 'a'],
          ['1', 'a'],
          ['2', 'b'],
        ] as const) {
          await store.putDocument({ kind: 'order', id, parentId, body: { id } }, NOW);
        }
        const ids = async (page: { parentId?: string; after: string | null; limit: number }) =>
          (await store.listDocuments('order', page)).items.map(({ id }) => id);
        expect(await ids({ after: null, limit: 9 })).toEqual(['1', '2', '3']);
        expect(await ids({ after: '1', limit: 1 })).toEqual(['2']);
        expect(await ids({ parentId: 'a', after: null, limit: 9 })).toEqual(['1', '3']);
        expect((await store.listDocuments('order', { parentId: 'a', after: null, limit: 1 })).next).toBe('1');
        expect(await store.listDocuments('account', { after: null, limit: 9 })).toEqual({
          items: [],
          next: null,
        });
      });
    });

    leasesContract({
      get store() {
        return store;
      },
    });
    caCrlChangesContract({
      get store() {
        return store;
      },
    });
    caRetentionContract({
      get store() {
        return store;
      },
    });
    caFiguresContract({
      get store() {
        return store;
      },
    });
    caSearchContract({
      get store() {
        return store;
      },
    });
    auditContract({
      get store() {
        return store;
      },
    });

    describe('the audit log of the CA', () => {
      const by = { who: 'ra ra1.example.com', from: 'channel' };
      const entry = (action: string, details: object, actor: object = by) => ({
        ...actor,
        action,
        outcome: 'success',
        details,
      });

      test('it records an issuance once per order, with the requester', async () => {
        const facts = { serial: '41', orderId: 'o1', accountId: 'a1' };
        await store.recordCertificate(aRecord(facts), by);
        await store.recordCertificate(aRecord({ orderId: 'o1' }), by);
        await expect(store.recordCertificate(aRecord({ serial: '41' }), by)).rejects.toThrow();
        await store.recordCertificate(aRecord({ serial: '42' }));
        const named = { cn: 'www.example.com', profile: 'server' };
        expect(await told(store)).toEqual([
          entry('certificate.issue', { serial: '41', ...named, order: 'o1', account: 'a1' }),
          entry('certificate.issue', { serial: '42', ...named }, { who: 'upki', from: 'local' }),
        ]);
      });

      test('it records a revocation, a release and a deletion only if they changed something', async () => {
        const { serial } = await record();
        const before = (await told(store)).length;
        for (const _ of [1, 2]) {
          await store.revoke(serial, NOW, 6, by);
          await store.revoke('00', NOW, 1, by);
        }
        for (const _ of [1, 2]) await store.unrevoke(serial, by);
        await store.revoke(serial, NOW, null, by);
        for (const _ of [1, 2]) await store.markDeleted(serial, NOW, by);
        await store.markDeleted('00', NOW, by);
        expect((await told(store)).slice(before)).toEqual([
          entry('certificate.revoke', { serial, reason: 6 }),
          entry('certificate.unrevoke', { serial }),
          entry('certificate.revoke', { serial }),
          entry('certificate.delete', { serial }),
        ]);
      });

      test('it records each change of nodes, administrators and peers once', async () => {
        const node = { cn: 'n1', profile: 'server', sans: [], registeredAt: NOW };
        const key = 'k'.repeat(40);
        for (const _ of [1, 2])
          await store.addAdmin({ dn: '/CN=a', role: 'admin', addedAt: NOW, byName: false }, by);
        for (const _ of [1, 2]) await store.removeAdmin('/CN=a', by);
        await store.putNode(node, by);
        for (const _ of [1, 2]) await store.removeNode('n1', by);
        await store.admitPeer({ publicKey: key, role: 'ra', cn: 'ra1', addedAt: NOW, serial: null }, by);
        for (const _ of [1, 2]) await store.revokePeer(key, NOW, by);
        expect(await told(store)).toEqual([
          entry('admin.add', { dn: '/CN=a', role: 'admin' }),
          entry('admin.remove', { dn: '/CN=a' }),
          entry('node.register', { cn: 'n1', profile: 'server' }),
          entry('node.remove', { cn: 'n1' }),
          entry('peer.admit', { cn: 'ra1', role: 'ra', key }),
          entry('peer.revoke', { key }),
        ]);
      });

      test('it records each of many concurrent issuances, and verifies', async () => {
        await atOnce(50, (index) => store.recordCertificate(aRecord({ orderId: `o${index % 25}` })));
        expect(await verifyAudit(store)).toMatchObject({ records: 25, fault: null });
      });
    });

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
