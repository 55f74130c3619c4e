import { afterEach, beforeEach, describe } from 'vitest';
import type { Account, Authorization, Order } from '../../../src/model/facts.js';
import type { RaStore } from '../../../src/store/contract/ra.js';
import { anAccount, anAuthorization, anOrder } from '../../../tools/kit/facts.js';
import { auditContract } from './audit.contract.js';
import { leasesContract } from './leases.contract.js';
import { accountsContract } from './ra-accounts.contract.js';
import { raActivityContract } from './ra-activity.contract.js';
import { authorizationsContract } from './ra-authorizations.contract.js';
import { certificatesContract } from './ra-certificates.contract.js';
import { housekeepingContract } from './ra-housekeeping.contract.js';
import { nodesContract } from './ra-nodes.contract.js';
import { raNoticesContract } from './ra-notices.contract.js';
import { operatorContract } from './ra-operator.contract.js';
import { ordersContract } from './ra-orders.contract.js';
import { validationsContract } from './ra-validations.contract.js';

/** An empty store for one test; the factory cleans up after it. */
export type RaStoreFactory = () => Promise<{ store: RaStore; discard(): Promise<void> }>;

/** What a test works in: the store, and an account in it. */
export interface World {
  readonly store: RaStore;
  readonly account: Account;
  /** Stores an order with one authorization of its own. */
  order(
    facts?: Partial<Order>,
    authorization?: Partial<Authorization>,
  ): Promise<{ order: Order; authorization: Authorization }>;
}

/** Every promise of RaStore; run it against each implementation. */
export function raStoreContract(name: string, open: RaStoreFactory): void {
  describe(`RaStore contract: ${name}`, () => {
    let store: RaStore;
    let account: Account;
    let discard: () => Promise<void>;

    beforeEach(async () => {
      ({ store, discard } = await open());
      account = anAccount();
      await store.createAccount(account);
    });
    afterEach(() => discard());

    const world: World = {
      get store() {
        return store;
      },
      get account() {
        return account;
      },
      async order(facts = {}, authorizationFacts = {}) {
        const id = facts.id ?? anOrder(account).id;
        const authorization = anAuthorization(account, { orderId: id, ...authorizationFacts });
        const order = anOrder(account, { id, authorizationIds: [authorization.id], ...facts });
        await store.createOrder(order, [authorization]);
        return { order, authorization };
      },
    };

    accountsContract(world);
    ordersContract(world);
    authorizationsContract(world);
    validationsContract(world);
    certificatesContract(world);
    nodesContract(world);
    housekeepingContract(world);
    operatorContract(world);
    raActivityContract(world);
    raNoticesContract(world);
    auditContract(world);
    leasesContract(world);
  });
}
