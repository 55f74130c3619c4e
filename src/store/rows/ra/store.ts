import type { Authorization, ChallengeType } from '../../../model/facts.js';
import { StoreConflict } from '../../contract/errors.js';
import type { RaStore } from '../../contract/ra.js';
import type { SharedByReplicas } from '../../contract/shared.js';
import { auditTrailOver } from '../audit.js';
import { type Calls, maybe } from '../calls.js';
import * as accounts from './accounts.js';
import { activityCountsOver } from './activity.js';
import * as authorizations from './authorizations.js';
import * as certificates from './certificates.js';
import * as failures from './failures.js';
import * as nodes from './nodes.js';
import { noticeQueueOver } from './notices.js';
import type { RaOperations } from './operations.js';
import * as orders from './orders.js';
import { fromRows as subjects } from './subjects.js';

/** The RA's store over row-level operations: objects on this side, rows on the other. */
export function raStoreOver(database: Calls<RaOperations>, shared: SharedByReplicas | null = null): RaStore {
  return {
    shared,

    async createAccount(account) {
      const keyId = account.nodeId === null ? null : (account.externalAccount?.kid ?? null);
      const holder = await database.call('createAccount', accounts.toRow(account), keyId);
      if (holder === 'unbound') throw new StoreConflict('the key of the node binds no account (any more)');
      return holder ? { account: accounts.fromRow(holder), created: false } : { account, created: true };
    },
    getAccount: async (id) => maybe(await database.call('getAccount', id), accounts.fromRow),
    findAccountByThumbprint: async (thumbprint) =>
      maybe(await database.call('findAccountByThumbprint', thumbprint), accounts.fromRow),
    async updateAccount(id, { contact, termsAgreedAt }) {
      const contacts = contact ? JSON.stringify(contact) : null;
      return maybe(
        await database.call('updateAccount', id, contacts, termsAgreedAt ?? null),
        accounts.fromRow,
      );
    },
    deactivateAccount: async (id, at) =>
      maybe(await database.call('deactivateAccount', id, at), accounts.fromRow),
    revokeAccount: async (id, at) => maybe(await database.call('revokeAccount', id, at), accounts.fromRow),
    listAccounts: async ({ after, limit, nodeId }) =>
      (await database.call('listAccounts', after, limit, nodeId ?? null)).map(accounts.useFromRow),
    getAccountAndUse: async (id) => maybe(await database.call('getAccountAndUse', id), accounts.useFromRow),
    noteAccountUses: (uses) =>
      database.call(
        'noteAccountUses',
        uses.map(({ id }) => id),
        uses.map(({ at }) => at),
        uses.map(({ from }) => from),
      ),
    countOrders: (accountId, most) => database.call('countOrders', accountId, most),
    changeAccountKey: (id, oldThumbprint, { jwk, thumbprint }) =>
      database.call('changeAccountKey', id, oldThumbprint, JSON.stringify(jwk), thumbprint),

    createOrder: (order, created) =>
      database.call('createOrder', orders.toRow(order), created.map(authorizations.toRow)),
    releaseReplaced: (ariId, orderId) => database.call('releaseReplaced', ariId, orderId),
    getOrder: async (id) => maybe(await database.call('getOrder', id), subjects.order),
    listOrderIds: (accountId, { after, limit, now }) =>
      database.call('listOrderIds', accountId, after, limit, now),
    beginFinalize: (id, csr, leaseUntil) => database.call('beginFinalize', id, csr, leaseUntil),
    deferFinalize: (id, retryAt) => database.call('deferFinalize', id, retryAt),
    async claimFinalizations(now, leaseUntil, limit) {
      const claimed = await database.call('claimFinalizations', now, leaseUntil, limit);
      return claimed.map(({ order, attempts }) => ({ order: orders.fromRow(order), attempts }));
    },
    returnOrder: (id) => database.call('returnOrder', id),
    failOrder: (id, error) => database.call('failOrder', id, JSON.stringify(error)),
    recordIssuance: (orderId, certificate) =>
      database.call('recordIssuance', orderId, certificates.toRow(certificate)),

    createAuthorization: (authorization) =>
      database.call('createAuthorization', authorizations.toRow(authorization)),
    getAuthorization: async (id) =>
      maybe(await database.call('getAuthorization', id), authorizations.fromRow),
    async findValidAuthorizations(accountId, identifiers, now) {
      const names = identifiers.map(authorizations.nameOf);
      const rows = await database.call('findValidAuthorizations', accountId, names, now);
      return rows.map(authorizations.fromRow);
    },
    deactivateAuthorization: async (id, at) =>
      maybe(await database.call('deactivateAuthorization', id, at), authorizations.fromRow),
    findAuthorizationByToken: async (token) =>
      maybe(await database.call('findAuthorizationByToken', token), authorizations.fromRow),
    answerChallenge: (id, type, at, leaseUntil) => database.call('answerChallenge', id, type, at, leaseUntil),
    async claimValidations(now, leaseUntil, limit, perAccount = limit) {
      const claimed = await database.call('claimValidations', now, leaseUntil, limit, perAccount);
      return claimed.map(({ authorization, type, attempts, thumbprint }) => ({
        authorization: authorizations.fromRow(authorization),
        type: type as ChallengeType,
        attempts,
        thumbprint,
      }));
    },
    recordAttempt: (id, type, error, retryAt) =>
      database.call('recordAttempt', id, type, JSON.stringify(error), retryAt),
    async completeValidation(
      id,
      type,
      { answeredAt = null, at, error, expiresAt },
    ): Promise<Authorization | null> {
      const problem = error && JSON.stringify(error);
      return maybe(
        await database.call('completeValidation', id, type, answeredAt, at, problem, expiresAt),
        authorizations.fromRow,
      );
    },

    getCertificate: async (id) => maybe(await database.call('getCertificate', id), certificates.fromRow),
    findCertificateBySerial: async (serial) =>
      maybe(await database.call('findCertificateBySerial', serial), certificates.fromRow),
    findCertificateByAriId: async (ariId) =>
      maybe(await database.call('findCertificateByAriId', ariId), certificates.fromRow),
    recordRevocation: (serial, at, reason) => database.call('recordRevocation', serial, at, reason),
    clearRevocation: (serial) => database.call('clearRevocation', serial),

    createNode: (node) => database.call('createNode', nodes.toRow(node)),
    replaceNode: (node) => database.call('replaceNode', nodes.toRow(node)),
    getNode: async (cn) => maybe(await database.call('getNode', cn), nodes.fromRow),
    listNodes: async ({ after, limit }) =>
      (await database.call('listNodes', after, limit)).map(nodes.fromRow),
    findNodeBySeed: async (seedHash) => maybe(await database.call('findNodeBySeed', seedHash), nodes.fromRow),
    findNodeBySerial: async (serial) => maybe(await database.call('findNodeBySerial', serial), nodes.fromRow),
    claimEnrolment: (seedHash, key, at) => database.call('claimEnrolment', seedHash, key, at),
    recordEnrolment: (id, { serial, notAfter }) => database.call('recordEnrolment', id, serial, notAfter),
    recordNodeCertificate: (nodeId, { serial, notAfter }) =>
      database.call('recordNodeCertificate', nodeId, serial, notAfter),
    beginNodeRemoval: async (cn, at) => maybe(await database.call('beginNodeRemoval', cn, at), nodes.fromRow),
    findNodeIssuances: (id, now) => database.call('findNodeIssuances', id, now),
    getNodeById: async (id) => maybe(await database.call('getNodeById', id), nodes.fromRow),
    findNodeByKey: async (keyId) => maybe(await database.call('findNodeByKey', keyId), nodes.fromRow),
    changeNode: async (node, at) =>
      maybe(await database.call('changeNode', nodes.toRow(node), at), nodes.fromRow),
    listNodeSerials: (id, limit) => database.call('listNodeSerials', id, limit),
    removeNode: (id) => database.call('removeNode', id),

    recordFailure: (failure, keep) => database.call('recordFailure', failures.toRow(failure), keep),
    listFailures: async ({ after, limit, name, accountId }) =>
      (await database.call('listFailures', after, limit, name ?? null, accountId ?? null)).map(
        failures.fromRow,
      ),
    purgeFailures: (before, keep) =>
      database.call('purgeFailures', before.toString(16).padStart(12, '0'), keep),

    purgeExpired: (before, limit) => database.call('purgeExpired', before, limit),
    purgeFinished: (before, limit) => database.call('purgeFinished', before, limit),
    purgeAccounts: (before, limit) => database.call('purgeAccounts', before, limit),
    purgeCertificates: (before, limit) => database.call('purgeCertificates', before, limit),
    async countPurgeable({ ended, expired, unused }) {
      const counts = await database.call('countPurgeable', ended, expired, unused);
      const [certificates, orders, accounts] = counts;
      return { certificates, orders, accounts };
    },
    recordOtherCertificate: ({ serial, origin, renews, at, notAfter }) =>
      database.call('recordOtherCertificate', [serial, origin, renews, at, notAfter]),
    findOtherCertificate: async (serial) =>
      maybe(
        await database.call('findOtherCertificate', serial),
        ([serial, origin, renews, at, notAfter]) => ({ serial, origin, renews, at, notAfter }),
      ),
    loadAllowances: async (now, limit) =>
      (await database.call('loadAllowances', now, limit)).map(([key, until]) => ({ key, until })),
    saveAllowances: (used) =>
      database.call(
        'saveAllowances',
        used.map(({ key }) => key),
        used.map(({ until }) => until),
      ),
    forgetAllowances: (now, limit) => database.call('forgetAllowances', now, limit),
    ...activityCountsOver(database),
    ...noticeQueueOver(database),
    ...auditTrailOver(database),
    getSetting: (name) => database.call('getSetting', name),
    listSettings: (prefix) => database.call('listSettings', prefix),
    putSetting: (name, value) => database.call('putSetting', name, value),
    replaceSetting: (name, before, value) => database.call('replaceSetting', name, before, value),
    countSetting: (name, facts) => database.call('countSetting', name, JSON.stringify(facts)),
    takeLease: (name, holder, now, until) => database.call('takeLease', name, holder, now, until),
    ping: () => database.call('ping'),
    close: () => database.close(),
  };
}
