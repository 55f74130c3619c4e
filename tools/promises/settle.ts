import { lookUp } from './accounts.js';
import type { Chance } from './chance.js';
import { OrderSteps } from './order.js';
import type { PromisedAccount } from './promised-account.js';
import type { PromisedOrder } from './promised-order.js';
import { Abandoned } from './requests.js';
import { each, type World } from './world.js';

/** Four attempts of a validation with their pauses take six seconds; a finalize waits up to four for the CA. */
const PATIENCE = 30_000;
const AT_ONCE = 8;

/**
 * What clients do after an outage: find out whether unanswered changes were made, and finish every interrupted
 * order.
 */
export async function settle(world: World, chance: Chance): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  const going = () => Date.now() < deadline;
  const unsettled = world.ledger.accounts.filter(
    (account) => account.unanswered !== null || account.orders.some(({ open }) => open),
  );
  await each(unsettled, AT_ONCE, (account) => settleAccount(world, account, chance.branch(), going));
}

async function settleAccount(
  world: World,
  account: PromisedAccount,
  chance: Chance,
  going: () => boolean,
): Promise<void> {
  try {
    if (account.unanswered !== null) await lookUp(world, account);
  } catch (error) {
    if (!(error instanceof Abandoned)) throw error;
    return;
  }
  for (const order of account.orders.filter(({ open }) => open)) {
    // Only its account may read an order; the databases show its outcome.
    if (!account.deactivated) await finish(new OrderSteps(world, order, chance, going));
    if (!order.open) continue;
    order.givenUp = true;
    if (!account.deactivated) world.ledger.report('lost', `${order.url} did not end: it is ${state(order)}`);
  }
}

async function finish(steps: OrderSteps): Promise<void> {
  try {
    await steps.read();
    await steps.answerChallenges();
    await steps.awaitAuthorizations();
    await steps.finalize();
    await steps.awaitCertificate();
    await steps.download();
    await steps.revokeAgain();
  } catch (error) {
    if (!(error instanceof Abandoned)) throw error;
  }
}

function state({ body, chain, revocation }: PromisedOrder): string {
  const asked = revocation !== null && !revocation.promised ? ', asked to be revoked' : '';
  return `${body.status}${chain === null ? '' : ' and downloaded'}${asked}`;
}
