import { lookUp } from './accounts.js';
import type { Chance } from './chance.js';
import { OrderSteps } from './order.js';
import type { PromisedAccount } from './promised-account.js';
import { Abandoned } from './requests.js';
import { each, type World } from './world.js';

const AT_ONCE = 8;

/** Checks over ACME every promise made to these accounts; the ledger judges the responses. */
export async function checkAccounts(
  world: World,
  accounts: readonly PromisedAccount[],
  chance: Chance,
): Promise<void> {
  await each(accounts, AT_ONCE, async (account) => {
    try {
      await checkAccount(world, account, chance.branch());
    } catch (error) {
      if (!(error instanceof Abandoned)) throw error;
    }
  });
}

async function checkAccount(world: World, account: PromisedAccount, chance: Chance): Promise<void> {
  await lookUp(world, account);
  // §7.3.6: the account gets nothing more; the databases show whether its certificates are stored.
  if (account.deactivated) return;
  account.sawOrders(
    await world.requests.ask(`list of ${account.url}`, () => world.clientOf(account).orders()),
  );
  for (const order of account.orders) {
    const steps = new OrderSteps(world, order, chance, () => true);
    await steps.read();
    await steps.download();
    await steps.revokeAgain();
  }
}
