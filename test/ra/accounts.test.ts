import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseJwk } from '../../src/acme/jose/jwk.js';
import type { Account } from '../../src/model/facts.js';
import { accountStatus } from '../../src/model/status.js';
import { generateSigningKey } from '../../tools/kit/jws-signer.js';
import { createWorld, type World } from '../support/world/world.js';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

async function newAccount(): Promise<Account> {
  const { accountUrl } = await world.account();
  const account = await world.ra.accounts.byId(accountUrl?.split('/').at(-1) ?? '');
  if (!account) throw new Error('the account is not found');
  return account;
}

/** Carries out a write between two reads that share its batch: SQLite runs the reads of a batch before its writes. */
async function amidReads({ id }: Account, write: () => Promise<unknown>): Promise<void> {
  const { accounts } = world.ra;
  // The account is not cached, as after a restart.
  await accounts.update(await read(id), { contact: ['mailto:admin@example.test'] });
  await Promise.all([accounts.byId(id), write(), accounts.byId(id), accounts.byId(id)]);
}

async function read(id: string): Promise<Account> {
  return (await world.ra.accounts.byId(id)) as Account;
}

describe('An account that is read while it is written', () => {
  it('has its new key afterwards, so that a thief who polls does not keep the former one alive (§7.3.5)', async () => {
    const account = await newAccount();
    const next = parseJwk(generateSigningKey().jwk);
    await amidReads(account, () => world.ra.accounts.changeKey(account, next, () => ''));
    expect((await read(account.id)).thumbprint).toBe(next.thumbprint);
  });

  it.each<[string, (account: Account) => Promise<unknown>, string]>([
    ['stopped by the operator', ({ id }) => world.ra.accounts.stop(id), 'revoked'],
    ['deactivated by its holder (§7.3.6)', (account) => world.ra.accounts.deactivate(account), 'deactivated'],
  ])('stays ended when it was %s', async (_, end, status) => {
    const account = await newAccount();
    await amidReads(account, () => end(account));
    expect(accountStatus(await read(account.id))).toBe(status);
  });

  it('stays ended when its node was removed', async () => {
    const account = await newAccount();
    const { getAccount } = world.store;
    world.store.getAccount = async (id) => ({ ...((await getAccount(id)) as Account), nodeId: 'a-node' });
    await amidReads(account, async () => {
      await world.store.revokeAccount(account.id, Date.now());
      world.ra.accounts.forgetBound();
    });
    world.store.getAccount = getAccount;
    expect(accountStatus(await read(account.id))).toBe('revoked');
  });

  it('is read anew after a write that failed with an unknown outcome', async () => {
    const account = await newAccount();
    const { changeAccountKey } = world.store;
    const next = parseJwk(generateSigningKey().jwk);
    world.store.changeAccountKey = async (...change) => {
      await changeAccountKey(...change);
      throw new Error('the answer was lost');
    };
    await expect(world.ra.accounts.changeKey(account, next, () => '')).rejects.toThrow('lost');
    world.store.changeAccountKey = changeAccountKey;
    expect((await read(account.id)).thumbprint).toBe(next.thumbprint);
  });
});
