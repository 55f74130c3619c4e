import type { Account, AccountAndUse, Failure } from '../../model/facts.js';
import { Refused } from '../../model/refusal.js';
import { type AccountStatus, accountStatus } from '../../model/status.js';
import type { RaStore } from '../../store/contract/ra.js';
import { requireNode } from '../nodes/find-node.js';
import type { OperatorCertificates } from './certificates.js';

interface OperatorAccountsOptions {
  store: RaStore;
  /** Ends the account in the store and in this RA's caches. */
  stopAccount(id: string): Promise<Account | null>;
  certificates: Pick<OperatorCertificates, 'ofAccount' | 'revokeOne'>;
  clock(): number;
}

/** An ACME account with the name of the node it is bound to. */
export interface ShownAccount extends AccountAndUse {
  node: string | null;
}

interface AccountStory extends ShownAccount {
  /** The number of stored orders; MOST_COUNTED means that many or more. */
  orders: number;
  /** Ids of the latest orders, newest first. */
  latestOrders: string[];
  failures: Failure[];
}

interface AccountSearch {
  after: string | null;
  limit: number;
  status?: AccountStatus;
  /** Part of a contact, in any case. */
  contact?: string;
  /** `kid` of its external account binding. */
  keyId?: string;
  node?: string;
}

export const MOST_COUNTED = 1_000;
const LATEST = 10;
/** Accounts examined for one filtered page. */
const EXAMINED = 1_000;

/** An operator's view of ACME accounts (RFC 8555 §7.1.2), and ending them. @throws Refused */
export class OperatorAccounts {
  constructor(private readonly options: OperatorAccountsOptions) {}

  /** Newest first; a page may be short while `next` is not null. */
  async list({ after, limit, node: nodeName, ...conditions }: AccountSearch): Promise<{
    accounts: ShownAccount[];
    next: string | null;
  }> {
    const { store } = this.options;
    const node = nodeName === undefined ? null : await requireNode(store, nodeName, 'node');
    const filtered = Object.values(conditions).some((each) => each !== undefined);
    const window = filtered ? EXAMINED : limit + 1;
    const found = await store.listAccounts({ after, limit: window, ...(node && { nodeId: node.id }) });
    const meeting: AccountAndUse[] = [];
    for (const [index, each] of found.entries()) {
      if (!meets(each.account, conditions)) continue;
      if (meeting.length === limit) {
        return { accounts: await this.#shown(meeting), next: found[index - 1]?.account.id ?? null };
      }
      meeting.push(each);
    }
    const last = found.length < window ? null : (found.at(-1)?.account.id ?? null);
    return { accounts: await this.#shown(meeting), next: last };
  }

  async show(id: string): Promise<AccountStory> {
    const { store, clock } = this.options;
    const found = await store.getAccountAndUse(id);
    if (!found) throw notFound(id);
    const [shown] = await this.#shown([found]);
    const { orders } = await store.countOrders(id, MOST_COUNTED);
    return {
      ...found,
      node: shown?.node ?? null,
      orders,
      latestOrders: await store.listOrderIds(id, { after: null, limit: LATEST, now: clock() }),
      failures: await store.listFailures({ after: null, limit: LATEST, accountId: id }),
    };
  }

  /**
   * Revokes an account (§7.1.6); its next request is refused. With `revokeCertificates` every certificate it
   * ordered is revoked; a run that failed halfway is completed by repeating it.
   * @throws Refused, CaUnavailable, CaLacksTask
   */
  async stop(
    id: string,
    revokeCertificates: boolean,
    reason: number,
  ): Promise<{ account: Account; revoked: string[] }> {
    const { store, certificates } = this.options;
    const account = await this.options.stopAccount(id);
    if (!account) throw notFound(id);
    const revoked: string[] = [];
    if (!revokeCertificates) return { account, revoked };
    for (const { serial } of await certificates.ofAccount(id)) {
      if (await certificates.revokeOne(serial, reason)) revoked.push(serial);
    }
    const { unfinished } = await store.countOrders(id, MOST_COUNTED);
    if (unfinished)
      throw new Refused('unavailable', 'an order of the account is being finalized: repeat this');
    return { account, revoked };
  }

  async #shown(accounts: readonly AccountAndUse[]): Promise<ShownAccount[]> {
    const { store } = this.options;
    const ids = new Set(accounts.flatMap(({ account }) => account.nodeId ?? []));
    const nodes = await Promise.all(
      [...ids].map(async (id) => [id, (await store.getNodeById(id))?.cn] as const),
    );
    const names = new Map(nodes);
    return accounts.map((each) => ({ ...each, node: names.get(each.account.nodeId ?? '') ?? null }));
  }
}

function meets(
  account: Account,
  { status, contact, keyId }: Pick<AccountSearch, 'status' | 'contact' | 'keyId'>,
): boolean {
  return (
    (status === undefined || accountStatus(account) === status) &&
    (keyId === undefined || account.externalAccount?.kid === keyId) &&
    (contact === undefined ||
      account.contact.some((each) => each.toLowerCase().includes(contact.toLowerCase())))
  );
}

function notFound(id: string): Refused {
  return new Refused('notFound', `there is no account ${id.slice(0, 64)}`, { field: 'id' });
}
