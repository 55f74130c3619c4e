import type { CaStore, DocumentKind, SyncedDocument } from '../../ca-store.js';
import type { Engine } from '../engine.js';
import * as certificates from './certificates.js';
import type { DocumentRow } from './documents.js';
import type { CaOperations } from './operations.js';

/** The CA's store over SQLite: objects on this side, rows on the other. */
export function sqliteCaStore(engine: Engine<CaOperations>): CaStore {
  return {
    async recordCertificate(record) {
      const earlier = await engine.call('recordCertificate', certificates.toRow(record));
      return earlier
        ? { certificate: certificates.fromRow(earlier), created: false }
        : { certificate: record, created: true };
    },
    findByOrder: async (orderId) => maybe(await engine.call('findByOrder', orderId), certificates.fromRow),
    findBySerial: async (serial) => maybe(await engine.call('findBySerial', serial), certificates.fromRow),
    findNewestByCn: async (cn) => maybe((await engine.call('listByCn', cn, 1))[0], certificates.fromRow),
    listByCn: async (cn, limit) => (await engine.call('listByCn', cn, limit)).map(certificates.fromRow),
    async listCertificates({ after, limit, now, filter }) {
      const { items, next } = await engine.call('listCertificates', after, limit, now, filter ?? {});
      return { items: items.map(certificates.fromRow), next };
    },
    revoke: (serial, at, reason) => engine.call('revoke', serial, at, reason),
    unrevoke: (serial) => engine.call('unrevoke', serial),
    markDeleted: (serial, at) => engine.call('markDeleted', serial, at),

    listRevoked: ({ after, limit, now }) => engine.call('listRevoked', after, limit, now),
    allocateCrlNumber: () => engine.call('allocateCrlNumber'),
    putCrl: (crl) => engine.call('putCrl', crl),
    getCrl: () => engine.call('getCrl'),

    putNode: (node) => engine.call('putNode', node),
    getNode: (cn) => engine.call('getNode', cn),
    listNodes: ({ after, limit }) => engine.call('listNodes', after, limit),
    removeNode: (cn) => engine.call('removeNode', cn),
    addAdmin: (dn, at) => engine.call('addAdmin', dn, at),
    removeAdmin: (dn) => engine.call('removeAdmin', dn),
    isAdmin: (dn) => engine.call('isAdmin', dn),
    listAdmins: () => engine.call('listAdmins'),

    admitPeer: ({ publicKey, role, cn, addedAt }) => engine.call('admitPeer', publicKey, role, cn, addedAt),
    findPeer: (publicKey) => engine.call('findPeer', publicKey),
    listPeers: () => engine.call('listPeers'),
    revokePeer: (publicKey, at) => engine.call('revokePeer', publicKey, at),

    putDocument: ({ kind, id, parentId, body }) =>
      engine.call('putDocument', [kind, id, parentId, JSON.stringify(body)]),
    getDocument: async (kind, id) => maybe(await engine.call('getDocument', kind, id), document),
    async listDocuments(kind, { parentId, after, limit }) {
      const { items, next } = await engine.call('listDocuments', kind, parentId ?? null, after, limit);
      return { items: items.map(document), next };
    },

    getSetting: (name) => engine.call('getSetting', name),
    putSetting: (name, value) => engine.call('putSetting', name, value),
    ping: () => engine.call('ping'),
    close: () => engine.close(),
  };
}

function document([kind, id, parentId, body]: DocumentRow): SyncedDocument {
  return { kind: kind as DocumentKind, id, parentId, body: JSON.parse(body) };
}

function maybe<R, T>(row: R | undefined, decode: (row: R) => T): T | null {
  return row === undefined ? null : decode(row);
}
