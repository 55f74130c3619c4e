import type { CaStore } from '../../ca-store.js';
import type { CaOperations } from '../../sqlite/ca/operations.js';
import { type Calls, maybe } from '../calls.js';
import * as certificates from './certificates.js';
import * as documents from './documents.js';

/** The CA's store over row-level operations: objects on this side, rows on the other. */
export function caStoreOver(database: Calls<CaOperations>): CaStore {
  return {
    async recordCertificate(record) {
      const earlier = await database.call('recordCertificate', certificates.toRow(record));
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
    revoke: (serial, at, reason) => database.call('revoke', serial, at, reason),
    unrevoke: (serial) => database.call('unrevoke', serial),
    markDeleted: (serial, at) => database.call('markDeleted', serial, at),

    listRevoked: ({ after, limit, now }) => database.call('listRevoked', after, limit, now),
    allocateCrlNumber: () => database.call('allocateCrlNumber'),
    putCrl: (crl) => database.call('putCrl', crl),
    getCrl: () => database.call('getCrl'),

    putNode: (node) => database.call('putNode', node),
    getNode: (cn) => database.call('getNode', cn),
    listNodes: ({ after, limit }) => database.call('listNodes', after, limit),
    removeNode: (cn) => database.call('removeNode', cn),
    addAdmin: (dn, at) => database.call('addAdmin', dn, at),
    removeAdmin: (dn) => database.call('removeAdmin', dn),
    isAdmin: (dn) => database.call('isAdmin', dn),
    listAdmins: () => database.call('listAdmins'),

    admitPeer: ({ publicKey, role, cn, addedAt }) => database.call('admitPeer', publicKey, role, cn, addedAt),
    findPeer: (publicKey) => database.call('findPeer', publicKey),
    listPeers: () => database.call('listPeers'),
    revokePeer: (publicKey, at) => database.call('revokePeer', publicKey, at),

    putDocument: (document) => database.call('putDocument', documents.toRow(document)),
    getDocument: async (kind, id) => maybe(await database.call('getDocument', kind, id), documents.fromRow),
    async listDocuments(kind, { parentId, after, limit }) {
      const { items, next } = await database.call('listDocuments', kind, parentId ?? null, after, limit);
      return { items: items.map(documents.fromRow), next };
    },

    getSetting: (name) => database.call('getSetting', name),
    putSetting: (name, value) => database.call('putSetting', name, value),
    ping: () => database.call('ping'),
    close: () => database.close(),
  };
}
