import type { JsonWebKey } from 'node:crypto';
import type { Account, AccountAndUse } from '../../../model/facts.js';

/** A signed request of an account. */
export interface AccountUse {
  id: string;
  at: number;
  /** Network address. */
  from: string;
}

/** RFC 8555 §7.3. */
export interface Accounts {
  /**
   * Creates the account; when an account has its thumbprint already, returns that one. An account with `nodeId` uses
   * the node's key. Rejects with StoreConflict when the key (the `kid` of its binding) is no longer that node's, has
   * expired at `createdAt`, or was used and may be used once only.
   */
  createAccount(account: Account): Promise<{ account: Account; created: boolean }>;
  getAccount(id: string): Promise<Account | null>;
  findAccountByThumbprint(thumbprint: string): Promise<Account | null>;
  /** Replaces contact and/or the terms time of an account neither deactivated nor revoked. */
  updateAccount(id: string, change: { contact?: string[]; termsAgreedAt?: number }): Promise<Account | null>;
  /** §7.3.6: ends the account. Its unfinished orders and authorizations end with it (see model/status.ts). */
  deactivateAccount(id: string, at: number): Promise<Account | null>;
  /** §7.1.2: the server ends the account, also one that the client deactivated. Repeating it keeps the first time. */
  revokeAccount(id: string, at: number): Promise<Account | null>;
  /** Newest first, after the given id; with `nodeId`, only accounts bound to the node. */
  listAccounts(page: { after: string | null; limit: number; nodeId?: string }): Promise<AccountAndUse[]>;
  getAccountAndUse(id: string): Promise<AccountAndUse | null>;
  /** Records when accounts were last used, and from where. */
  noteAccountUses(uses: readonly AccountUse[]): Promise<void>;
  /** How many orders an account has (counted up to `most`), and whether one of them is being finalized. */
  countOrders(accountId: string, most: number): Promise<{ orders: number; unfinished: boolean }>;
  /**
   * §7.3.5: replaces the key if the account still has `oldThumbprint` and no account has the new key. `conflict` is
   * the id of the account that has the new key. It is null with `changed` false when the old key was not current.
   */
  changeAccountKey(
    id: string,
    oldThumbprint: string,
    next: { jwk: JsonWebKey; thumbprint: string },
  ): Promise<{ changed: boolean; conflict: string | null }>;
}
