import type { Account } from '../../../src/model/facts.js';
import type { CaStore } from '../../../src/store/contract/ca.js';
import type { RaStore } from '../../../src/store/contract/ra.js';
import { aCertificate, anAccount, anAuthorization, anOrder, aRecord, HOUR, NOW } from '../../kit/facts.js';
import { generateSigningKey } from '../../kit/jws-signer.js';
import type { Sample } from './sample.js';

/** Concurrent calls: as many as a busy RA has requests. */
const AT_ONCE = 64;

/** Accounts with a P-256 key and one contact each. A few keys are shared, because making keys is the clients' work. */
export async function fillAccounts(store: RaStore, count: number): Promise<Account[]> {
  const { jwk } = generateSigningKey();
  const accounts = Array.from({ length: count }, () => anAccount({ jwk }));
  await each(accounts, (account) => store.createAccount(account));
  return accounts;
}

/** Complete orders, stored step by step like the RA and the CA do: one name, http-01, finalized, issued. */
export async function fillOrders(
  ra: RaStore,
  ca: CaStore,
  accounts: readonly Account[],
  count: number,
  sample: Sample,
): Promise<void> {
  const numbers = Array.from({ length: count }, (_, number) => number);
  await each(numbers, async (number) => {
    const account = accounts[number % accounts.length];
    if (!account) throw new Error('orders need accounts');
    const value = sample.name.replace('000000', String(number).padStart(6, '0'));
    const identifier = { type: 'dns' as const, value };
    const authorization = anAuthorization(account, { identifier });
    const order = anOrder(account, { identifiers: [identifier], authorizationIds: [authorization.id] });
    await ra.createOrder(order, [{ ...authorization, orderId: order.id }]);
    await ra.answerChallenge(authorization.id, 'http-01', NOW, NOW + HOUR);
    await ra.completeValidation(authorization.id, 'http-01', { at: NOW, error: null, expiresAt: NOW + HOUR });
    await ra.beginFinalize(order.id, sample.csr, NOW + HOUR);
    const certificate = aCertificate(order, { chain: sample.chain });
    const record = aRecord({
      ...{ serial: certificate.serial, cn: value, dn: `/CN=${value}`, der: sample.leaf },
      ...{ identifiers: [identifier], orderId: order.id, accountId: account.id },
    });
    await ca.recordCertificate(record);
    await ra.recordIssuance(order.id, certificate);
  });
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of waiting) await work(item);
    }),
  );
}
