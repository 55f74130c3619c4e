import type { Account, Authorization } from '../model/facts.js';
import { forIdentifiers, Problem } from '../model/problem.js';
import type { Validator } from '../va/types.js';

/** The age of a CAA check, in ms: RFC 8659 §3 leaves it to the CA; the Baseline Requirements (§4.2.2.1) allow eight hours. */
const CAA_FRESH_FOR = 8 * 3600_000;

export interface CaaRecheckOptions {
  validator: Pick<Validator, 'checkCaa'>;
  /** Every URL of an account, the current one first: CAA `accounturi` may name any of them (RFC 8657 §3). */
  accountUrls(accountId: string): Promise<readonly string[]>;
  clock(): number;
}

/**
 * Checks CAA again at finalize, for names whose proof is too old (pre-authorizations) and for names without a
 * challenge. The order keeps its state, so that it can be finalized once the records allow it.
 * @throws Problem `caa`, or `dns` when the records cannot be looked up; subproblems for several (§6.7.1)
 */
export async function recheckCaa(
  account: Account,
  authorizations: readonly Authorization[],
  { validator, accountUrls, clock }: CaaRecheckOptions,
): Promise<void> {
  const accountUris = () => accountUrls(account.id);
  const problems = await Promise.all(
    authorizations.map(async ({ identifier, wildcard, challenges }) => {
      const proof = challenges.find(({ validatedAt }) => validatedAt !== null);
      const age = clock() - (proof?.validatedAt ?? Number.NEGATIVE_INFINITY);
      if (age >= 0 && age < CAA_FRESH_FOR) return [];
      const refusal = await validator.checkCaa({
        identifier,
        wildcard,
        type: proof?.type ?? null,
        accountUris,
      });
      return refusal === null ? [] : [new Problem(refusal.type, refusal.detail, { identifier })];
    }),
  );
  const found = problems.flat();
  if (found.length > 0) throw forIdentifiers(found);
}
