import type { Account, Identifier, Node } from '../model/facts.js';
import { Problem } from '../model/problem.js';
import type { RaStore } from '../store/contract/ra.js';
import { requireHeld } from './nodes/entitlement.js';
import type { Policy } from './policy.js';

export interface EntitlementOptions {
  store: Pick<RaStore, 'getNodeById'>;
  policy: Pick<Policy, 'bindingRequired'>;
}

/**
 * An account bound to a node (§7.3.4) may order only the node's current names. If the policy requires bindings, an unbound account may
 * order nothing. Returns the node, or null for an unbound account.
 * @throws Problem rejectedIdentifier with a subproblem for each name that is not the node's
 */
export async function requireEntitled(
  { store, policy }: EntitlementOptions,
  account: Account,
  identifiers: readonly Identifier[],
): Promise<Node | null> {
  if (account.nodeId === null) {
    if (!policy.bindingRequired || account.externalAccount !== null) return null;
    throw new Problem(
      'externalAccountRequired',
      'this account has no external account binding: register one that has',
    );
  }
  const node = await store.getNodeById(account.nodeId);
  if (!node || node.removingAt !== null)
    throw new Problem('unauthorized', 'the node of this account was removed');
  requireHeld(node, identifiers);
  return node;
}
