import type { Authorization, ChallengeType } from '../../../ra/types.js';
import type { RaStore } from '../../ra-store.js';
import type { Engine } from '../engine.js';
import * as accounts from './accounts.js';
import * as authorizations from './authorizations.js';
import * as certificates from './certificates.js';
import type { RaOperations } from './operations.js';
import * as orders from './orders.js';

/** The RA's store over SQLite: objects on this side, rows on the other. */
export function sqliteRaStore(engine: Engine<RaOperations>): RaStore {
  return {
    async createAccount(account) {
      const holder = await engine.call('createAccount', accounts.toRow(account));
      return holder ? { account: accounts.fromRow(holder), created: false } : { account, created: true };
    },
    getAccount: async (id) => maybe(await engine.call('getAccount', id), accounts.fromRow),
    findAccountByThumbprint: async (thumbprint) =>
      maybe(await engine.call('findAccountByThumbprint', thumbprint), accounts.fromRow),
    async updateAccount(id, { contact, termsAgreedAt }) {
      const contacts = contact ? JSON.stringify(contact) : null;
      return maybe(await engine.call('updateAccount', id, contacts, termsAgreedAt ?? null), accounts.fromRow);
    },
    deactivateAccount: async (id, at) =>
      maybe(await engine.call('deactivateAccount', id, at), accounts.fromRow),
    changeAccountKey: (id, oldThumbprint, { jwk, thumbprint }) =>
      engine.call('changeAccountKey', id, oldThumbprint, JSON.stringify(jwk), thumbprint),

    createOrder: (order, created) =>
      engine.call('createOrder', orders.toRow(order), created.map(authorizations.toRow)),
    async getOrder(id) {
      const found = await engine.call('getOrder', id);
      return found
        ? {
            order: orders.fromRow(found.order),
            authorizations: found.authorizations.map(authorizations.fromRow),
          }
        : null;
    },
    listOrderIds: (accountId, { after, limit, now }) =>
      engine.call('listOrderIds', accountId, after, limit, now),
    beginFinalize: (id, csr, leaseUntil) => engine.call('beginFinalize', id, csr, leaseUntil),
    deferFinalize: (id, retryAt) => engine.call('deferFinalize', id, retryAt),
    async claimFinalizations(now, leaseUntil, limit) {
      const claimed = await engine.call('claimFinalizations', now, leaseUntil, limit);
      return claimed.map(({ order, attempts }) => ({ order: orders.fromRow(order), attempts }));
    },
    failOrder: (id, error) => engine.call('failOrder', id, JSON.stringify(error)),
    recordIssuance: (orderId, certificate) =>
      engine.call('recordIssuance', orderId, certificates.toRow(certificate)),

    createAuthorization: (authorization) =>
      engine.call('createAuthorization', authorizations.toRow(authorization)),
    getAuthorization: async (id) => maybe(await engine.call('getAuthorization', id), authorizations.fromRow),
    async findValidAuthorizations(accountId, identifiers, now) {
      const names = identifiers.map(authorizations.nameOf);
      const rows = await engine.call('findValidAuthorizations', accountId, names, now);
      return rows.map(authorizations.fromRow);
    },
    deactivateAuthorization: async (id, at) =>
      maybe(await engine.call('deactivateAuthorization', id, at), authorizations.fromRow),
    findAuthorizationByToken: async (token) =>
      maybe(await engine.call('findAuthorizationByToken', token), authorizations.fromRow),
    answerChallenge: (id, type, at, leaseUntil) => engine.call('answerChallenge', id, type, at, leaseUntil),
    async claimValidations(now, leaseUntil, limit) {
      const claimed = await engine.call('claimValidations', now, leaseUntil, limit);
      return claimed.map(({ authorization, type, attempts, thumbprint }) => ({
        authorization: authorizations.fromRow(authorization),
        type: type as ChallengeType,
        attempts,
        thumbprint,
      }));
    },
    recordAttempt: (id, type, error, retryAt) =>
      engine.call('recordAttempt', id, type, JSON.stringify(error), retryAt),
    async completeValidation(id, type, { at, error, expiresAt }): Promise<Authorization | null> {
      const problem = error && JSON.stringify(error);
      return maybe(
        await engine.call('completeValidation', id, type, at, problem, expiresAt),
        authorizations.fromRow,
      );
    },

    getCertificate: async (id) => maybe(await engine.call('getCertificate', id), certificates.fromRow),
    findCertificateBySerial: async (serial) =>
      maybe(await engine.call('findCertificateBySerial', serial), certificates.fromRow),
    findCertificateByAriId: async (ariId) =>
      maybe(await engine.call('findCertificateByAriId', ariId), certificates.fromRow),
    recordRevocation: (serial, at, reason) => engine.call('recordRevocation', serial, at, reason),

    purgeExpired: (before, limit) => engine.call('purgeExpired', before, limit),
    getSetting: (name) => engine.call('getSetting', name),
    putSetting: (name, value) => engine.call('putSetting', name, value),
    ping: () => engine.call('ping'),
    close: () => engine.close(),
  };
}

function maybe<R, T>(row: R | undefined, decode: (row: R) => T): T | null {
  return row === undefined ? null : decode(row);
}
