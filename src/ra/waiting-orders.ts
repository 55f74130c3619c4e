import type { Order } from '../model/facts.js';
import { Problem } from '../model/problem.js';
import { accountStatus } from '../model/status.js';
import type { RaStore } from '../store/contract/ra.js';
import { type EntitlementOptions, requireEntitled } from './account-entitlement.js';
import type { Accounts } from './accounts.js';
import { checkCsr } from './csr-rules.js';
import type { NamePolicy } from './name-policy.js';

interface WaitingOrderRules extends EntitlementOptions {
  store: Pick<RaStore, 'getAccount' | 'getNodeById'>;
  accounts: Pick<Accounts, 'requireGoodKey'>;
  names: NamePolicy;
  isCompromised(spkiFingerprint: string): boolean;
}

/**
 * Why an order that waited for the CA may not get its certificate any more; null when it may. Meanwhile its account may
 * have ended (RFC 8555 §7.3.6: pending orders should end with it), and the rules may have changed.
 */
export async function refusalOfWaiting(order: Order, rules: WaitingOrderRules): Promise<Problem | null> {
  const account = await rules.store.getAccount(order.accountId);
  if (!account || accountStatus(account) !== 'valid')
    return new Problem('unauthorized', 'the account ended before the certificate was issued');
  try {
    rules.accounts.requireGoodKey(account);
    await requireEntitled(rules, account, order.identifiers);
    rules.names.check(order.identifiers);
    if (order.csr) checkCsr(order.csr, order.identifiers, account, rules.isCompromised);
    return null;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}
