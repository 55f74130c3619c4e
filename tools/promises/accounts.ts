import { type AccountBody, AcmeError } from '../kit/acme-bodies.js';
import type { AcmeResponse } from '../kit/acme-transport.js';
import type { SigningKey } from '../kit/jws-signer.js';
import type { KeyAnswer, PromisedAccount } from './promised-account.js';
import type { World } from './world.js';

/** Looks up the account of every key of an account (§7.3.1); decides the changes that had no response. @throws Abandoned */
export async function lookUp(world: World, account: PromisedAccount): Promise<void> {
  const answers = new Map<SigningKey, KeyAnswer>();
  for (const key of account.keys()) answers.set(key, await keyAnswer(world, account, key));
  account.saw(answers);
}

async function keyAnswer(world: World, account: PromisedAccount, key: SigningKey): Promise<KeyAnswer> {
  const client = key === account.key ? world.clientOf(account) : world.client(key);
  const answer = await world.requests.askExpecting<AcmeResponse<AccountBody>>(
    `find ${account.url} by key`,
    ['accountDoesNotExist', 'unauthorized'],
    () => client.newAccount({ onlyReturnExisting: true }),
  );
  if (!(answer instanceof AcmeError)) {
    return { url: answer.headers.location ?? '', contact: answer.json.contact ?? [] };
  }
  return answer.type === 'unauthorized' ? 'deactivated' : 'unknown';
}
