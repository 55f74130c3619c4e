import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { acmeTasks } from '../../channel/tasks/acme.js';
import type { Handlers, Result } from '../../channel/tasks/index.js';
import type { DocumentKind } from '../../store/contract/ca.js';
import { readCertificate } from '../issue/requests.js';
import { certificateNotFound } from '../lookup.js';
import { type CaServices, done, leafAndChain } from './context.js';

type AcmeTasks = typeof acmeTasks;
type Account = Result<AcmeTasks['acme_get_account']>;
type Order = Result<AcmeTasks['acme_get_order']>;
type Authorization = Result<AcmeTasks['acme_get_authorization']>;

/** ACME tasks: issuing for orders, and copies of ACME objects that an RA stores here. */
export function acmeHandlers({ certifier, orders, revocation, callers }: CaServices): Handlers<AcmeTasks> {
  const { store } = certifier;

  const put = async (
    kind: DocumentKind,
    id: string,
    parentId: string | null,
    body: object,
  ): Promise<true> => {
    await store.putDocument({ kind, id, parentId, body: { ...body } }, certifier.clock());
    return true;
  };
  const get = async <Body>(kind: DocumentKind, id: string): Promise<Body> => {
    const document = await store.getDocument(kind, id);
    if (document !== null) return document.body as Body;
    const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
    throw new TaskError(ErrorCode.validation, `${name} not found: ${id}`, 'notFound');
  };
  const deactivate = async (kind: DocumentKind, id: string): Promise<true> => {
    const body = await get<{ order_id?: string }>(kind, id);
    return put(kind, id, body.order_id ?? null, { ...body, status: 'deactivated' });
  };

  return {
    acme_issue_certificate: async (params, connection) => {
      const record = await orders.issue({
        orderId: params.order_id,
        accountId: params.account_id ?? null,
        csr: params.csr,
        profile: params.profile,
        identifiers: params.identifiers ?? null,
        notBefore: params.not_before ?? null,
        notAfter: params.not_after ?? null,
        by: callers.of(connection),
      });
      return leafAndChain(certifier, record);
    },
    acme_get_certificate: async ({ cert_id }) => {
      const record = (await store.findBySerial(cert_id.toLowerCase())) ?? (await store.findByOrder(cert_id));
      if (record === null) throw certificateNotFound(cert_id);
      return {
        certificate: certifier.pemOf(record),
        serial: record.serial,
        order_id: record.orderId ?? '',
        not_before: record.notBefore,
        not_after: record.notAfter,
      };
    },
    acme_revoke_certificate: done(async ({ certificate, reason }, connection) => {
      const shown = readCertificate(certificate);
      const record = await store.findBySerial(shown.serial);
      if (record === null || !certifier.isOf(record, shown)) throw certificateNotFound(shown.serial);
      await revocation.revoke(record, reason, callers.of(connection));
    }),

    acme_sync_account: (account) => put('account', account.account_id, null, account),
    acme_get_account: ({ account_id }) => get<Account>('account', account_id),
    acme_list_accounts: async ({ limit, after }) => {
      const { items } = await store.listDocuments('account', { limit, after: after ?? null });
      return items.map(({ body }) => body as Account);
    },
    acme_deactivate_account: ({ account_id }) => deactivate('account', account_id),

    acme_sync_order: (order) => put('order', order.order_id, order.account_id, order),
    acme_get_order: ({ order_id }) => get<Order>('order', order_id),
    acme_list_orders: async ({ account_id, limit, after }) => {
      const page = { parentId: account_id, limit, after: after ?? null };
      return (await store.listDocuments('order', page)).items.map(({ body }) => body as Order);
    },

    acme_sync_authorization: (authorization) =>
      put('authorization', authorization.auth_id, authorization.order_id, authorization),
    acme_get_authorization: ({ auth_id }) => get<Authorization>('authorization', auth_id),
    acme_deactivate_authorization: ({ auth_id }) => deactivate('authorization', auth_id),
  };
}
