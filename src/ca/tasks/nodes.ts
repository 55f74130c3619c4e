import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { Handlers } from '../../channel/tasks/index.js';
import type { nodeTasks } from '../../channel/tasks/nodes.js';
import type { NodeRecord } from '../../store/contract/ca.js';
import { findNode } from '../lookup.js';
import { type CaServices, done, leafAndChain } from './context.js';

/** Tasks about administrators and nodes. */
export function nodeHandlers(services: CaServices): Handlers<typeof nodeTasks> {
  const { certifier, orders, callers, administrators } = services;
  const { store } = certifier;
  const changeable = () => {
    if (services.adminsByRa) return;
    throw new TaskError(
      ErrorCode.validation,
      'the list of administrators is changed on the machine of the CA only (UPKI_CA_ADMINS_BY_RA=false)',
      'forbidden',
    );
  };
  return {
    introduce: ({ public_key: publicKey, proof }, connection) =>
      callers.introduce(connection, publicKey, proof),
    list_admins: async () => (await administrators.list()).map(({ dn }) => dn),
    list_administrators: async () =>
      (await administrators.list()).map(({ dn, role, addedAt }) => ({ dn, role, added_at: addedAt })),
    get_admin_role: async ({ serial }) => {
      const certificate = await store.findBySerial(serial);
      return { role: (certificate && (await administrators.roleOf(certificate))) ?? 'none' };
    },
    add_admin: done(async ({ dn, role, by }, connection) => {
      changeable();
      await administrators.add({ dn, role }, callers.onBehalf(connection, by));
    }),
    remove_admin: done(async ({ dn, by }, connection) => {
      changeable();
      await administrators.remove(dn, callers.onBehalf(connection, by));
    }),
    list_nodes: async ({ limit, after }) => {
      const { items } = await store.listNodes({ limit, after: after ?? null });
      return items.map(toWireNode);
    },
    get_node: async ({ cn }) => {
      const node = await findNode(store, cn);
      if (node === null) throw new TaskError(ErrorCode.validation, `Node not found: ${cn}`, 'notFound');
      return toWireNode(node);
    },
    enroll: async ({ request_id: requestId, ...request }, connection) => {
      const record = await orders.enroll({ requestId, ...request, by: callers.of(connection) });
      return leafAndChain(certifier, record);
    },
  };
}

function toWireNode({ cn, profile, sans, registeredAt }: NodeRecord) {
  return {
    cn,
    dn: `/CN=${cn}`,
    profile,
    sans: sans.map(({ type, value }) => ({ type: type.toUpperCase(), value })),
    registered_at: registeredAt,
  };
}
