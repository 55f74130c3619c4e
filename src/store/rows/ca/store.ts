import type { CaStore } from '../../contract/ca.js';
import { IssuerRetired, KeyCompromised } from '../../contract/errors.js';
import { auditTrailOver, doneText } from '../audit.js';
import { type Calls, maybe } from '../calls.js';
import { authority } from './authorities.js';
import * as certificates from './certificates.js';
import { revokedPage } from './crl.js';
import * as documents from './documents.js';
import { notRenewedFromRow } from './figures.js';
import type { CaOperations } from './operations.js';
import { parseSearchCursor } from './search.js';
import { searchKeys } from './search-keys.js';

/** The CA's store over row-level operations: objects on this side, rows on the other. */
export function caStoreOver(database: Calls<CaOperations>): CaStore {
  return {
    async recordCertificate(record, by, { evenRetired = false, key = null } = {}) {
      const { serial, cn, profile, orderId: order, accountId: account } = record;
      const entry = doneText('certificate.issue', { serial, cn, profile, order, account }, by);
      const row = certificates.toRow(record);
      const names = searchKeys(record);
      const earlier = await database.call('recordCertificate', row, names, entry, evenRetired, key);
      if (earlier === 'issuer retired') throw new IssuerRetired(record.issuer);
      if (earlier === 'key compromised') throw new KeyCompromised();
      return earlier
        ? { certificate: certificates.fromRow(earlier), created: false }
        : { certificate: record, created: true };
    },
    findByOrder: async (orderId) => maybe(await database.call('findByOrder', orderId), certificates.fromRow),
    findBySerial: async (serial) => maybe(await database.call('findBySerial', serial), certificates.fromRow),
    findNewestByCn: async (cn) => maybe((await database.call('listByCn', cn, 1))[0], certificates.fromRow),
    listByCn: async (cn, limit) => (await database.call('listByCn', cn, limit)).map(certificates.fromRow),
    async listCertificates({ after, limit, now, filter }) {
      const { items, next } = await database.call('listCertificates', after, limit, now, filter ?? {});
      return { items: items.map(certificates.fromRow), next };
    },
    async searchCertificates({ after, limit, now, query }) {
      // Checked here, because an error of the database's thread is never the caller's.
      if (after !== null && parseSearchCursor(after) === null) {
        throw new RangeError('the cursor is not one of a search');
      }
      const { items, next } = await database.call('searchCertificates', after, limit, now, query);
      return { items: items.map(certificates.fromRow), next };
    },
    revoke: (serial, at, reason, by, compromisedKey = null) => {
      const entry = doneText('certificate.revoke', { serial, reason }, by);
      return database.call('revoke', serial, at, reason, entry, compromisedKey);
    },
    unrevoke: (serial, by) =>
      database.call('unrevoke', serial, doneText('certificate.unrevoke', { serial }, by)),
    markDeleted: (serial, at, by) =>
      database.call('markDeleted', serial, at, doneText('certificate.delete', { serial }, by)),

    countCertificates: async (now) =>
      (await database.call('countCertificates', now)).map(([profile, state, count]) => ({
        profile,
        state,
        count,
      })),
    countEnding: (from, to) => database.call('countEnding', from, to),
    countNotRenewed: async (now) =>
      (await database.call('countNotRenewed', now)).map(([profile, count]) => ({ profile, count })),
    async listNotRenewed({ after, limit, now }) {
      const rows = await database.call('listNotRenewed', after ?? '', limit, now);
      const items = rows.map(notRenewedFromRow);
      return { items, next: items.length < limit ? null : (items.at(-1)?.serial ?? null) };
    },
    findNotRenewed: (now, limit) => database.call('findNotRenewed', now, limit),
    recheckNotRenewed: (now, limit) => database.call('recheckNotRenewed', now, limit),
    foldCounts: (now) => database.call('foldCounts', now),

    listAuthorities: async () => (await database.call('listAuthorities')).map(authority),
    addAuthority: (record, instead, by) => {
      const { id, kind, root } = record;
      const entry = doneText('authority.add', { id, kind, root, instead }, by);
      return database.call('addAuthority', record, instead, entry);
    },
    changeAuthority: (id, change, by) => {
      const { sealedKey: _, ...told } = change;
      return database.call('changeAuthority', id, change, doneText('authority.change', { id, ...told }, by));
    },
    lastCertificateEnd: (issuer) => database.call('lastCertificateEnd', issuer),

    listRevoked: async ({ issuer, after, limit, endedFrom }) =>
      revokedPage(await database.call('listRevoked', issuer, after, limit, endedFrom), limit),
    listChanged: ({ issuer, number, allocation, limit, endedFrom }) =>
      database.call('listChanged', issuer, number, allocation, limit, endedFrom),
    allocateCrlNumber: (issuer, now, allocation) =>
      database.call('allocateCrlNumber', issuer, now, allocation ?? null),
    isCrlCurrent: (issuer, number) => database.call('isCrlCurrent', issuer, number),
    putCrl: (issuer, crl) => database.call('putCrl', issuer, crl),
    getCrl: (issuer) => database.call('getCrl', issuer),
    getCrlHead: (issuer) => database.call('getCrlHead', issuer),
    getCurrentCrl: (issuer) => database.call('getCurrentCrl', issuer),

    putNode: (node, by) =>
      database.call('putNode', node, doneText('node.register', { cn: node.cn, profile: node.profile }, by)),
    getNode: (cn) => database.call('getNode', cn),
    listNodes: ({ after, limit }) => database.call('listNodes', after, limit),
    removeNode: (cn, by) => database.call('removeNode', cn, doneText('node.remove', { cn }, by)),
    addAdmin: ({ dn, role, addedAt, byName }, by, serial = null) => {
      const entry = doneText('admin.add', { dn, role }, by);
      return database.call('addAdmin', dn, role, addedAt, byName ? 1 : 0, serial, entry);
    },
    setAdminRole: (dn, role, by) =>
      database.call('setAdminRole', dn, role, doneText('admin.role', { dn, role }, by)),
    bindAdmin: (dn, serials, by) =>
      database.call(
        'bindAdmin',
        dn,
        [...serials],
        doneText('admin.bind', { dn, serials: serials.join(' ') }, by),
      ),
    removeAdmin: (dn, by) => database.call('removeAdmin', dn, doneText('admin.remove', { dn }, by)),
    listAdmins: () => database.call('listAdmins'),
    findAdminBySerial: (serial) => database.call('findAdminBySerial', serial),
    listAdminCertificates: async () =>
      (await database.call('listAdminCertificates')).map(certificates.fromRow),

    isCompromisedKey: (fingerprint) => database.call('isCompromisedKey', fingerprint),
    listCompromisedKeys: ({ after, limit }) => database.call('listCompromisedKeys', after, limit),

    admitPeer: ({ publicKey, role, cn, addedAt, serial }, by) => {
      const entry = doneText('peer.admit', { cn, role, key: publicKey, serial }, by);
      return database.call('admitPeer', publicKey, role, cn, addedAt, serial, entry);
    },
    addPeerCertificate: (publicKey, serial) => database.call('addPeerCertificate', publicKey, serial),
    findPeer: (publicKey) => database.call('findPeer', publicKey),
    listPeers: () => database.call('listPeers'),
    revokePeer: (publicKey, at, by) =>
      database.call('revokePeer', publicKey, at, doneText('peer.revoke', { key: publicKey }, by)),

    putDocument: (document, at) => database.call('putDocument', documents.toRow(document), at),
    getDocument: async (kind, id) => maybe(await database.call('getDocument', kind, id), documents.fromRow),
    async listDocuments(kind, { parentId, after, limit }) {
      const { items, next } = await database.call('listDocuments', kind, parentId ?? null, after, limit);
      return { items: items.map(documents.fromRow), next };
    },

    purgeCertificates: (before, limit) => database.call('purgeCertificates', before, limit),
    purgeDocuments: (before, limit) => database.call('purgeDocuments', before, limit),
    async countPurgeable(before) {
      const [certificates, copies] = await database.call('countPurgeable', before);
      return { certificates, documents: copies };
    },

    ...auditTrailOver(database),
    getSetting: (name) => database.call('getSetting', name),
    putSetting: (name, value) => database.call('putSetting', name, value),
    countSetting: (name, facts) => database.call('countSetting', name, JSON.stringify(facts)),
    takeLease: (name, holder, now, until) => database.call('takeLease', name, holder, now, until),
    ping: () => database.call('ping'),
    close: () => database.close(),
  };
}
