import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../../lib/monotonic.js';
import type { CaStore } from '../contract/ca.js';
import { StoreUnavailable } from '../contract/errors.js';
import { shownLocation } from '../contract/location.js';
import type { OpenOptions, StoreKind } from '../contract/open.js';
import type { RaStore } from '../contract/ra.js';
import { caStoreOver } from '../rows/ca/store.js';
import { maybe } from '../rows/calls.js';
import { fromRow as accountFromRow } from '../rows/ra/accounts.js';
import { raStoreOver } from '../rows/ra/store.js';
import { fromRows } from '../rows/ra/subjects.js';
import { caOperations, SHORT_CA } from './ca/operations.js';
import { PostgresCalls } from './calls.js';
import { DatabaseClient } from './client.js';
import { migrate, SCHEMAS } from './migrations.js';
import { GatheredAllowances } from './ra/gathered-allowances.js';
import * as nonces from './ra/nonces.js';
import { raOperations, SHORT_RA } from './ra/operations.js';
import { SeenChallenges } from './ra/seen-challenges.js';

const PAUSE_MS = 500;

export async function openPostgresRaStore(url: string, options: OpenOptions): Promise<RaStore> {
  const seen = new SeenChallenges();
  const calls = new PostgresCalls(
    await database(url, 'ra', options),
    raOperations(seen),
    SHORT_RA,
    facts(url, options),
  );
  const allowances = new GatheredAllowances((operation) => calls.carryOut(({ quick }) => operation(quick)));
  return raStoreOver(calls, {
    nonceKey: (candidate) => calls.carryOut((db) => nonces.nonceKey(db, candidate)),
    spendNonce: (key, nonce) => calls.carryOut((db) => nonces.spendNonce(db.quick, key, nonce)),
    async spendNonceBy(id, key, nonce, about) {
      const { spent, account, found } = await calls.carryOut((db) =>
        nonces.spendNonceBy(db.quick, seen, id, key, nonce, about),
      );
      return {
        spent,
        account: maybe(account, accountFromRow),
        found: about && found ? fromRows[about.kind](found) : null,
      };
    },
    forgetNonces: (before, limit) => calls.carryOut((db) => nonces.forgetNonces(db, before, limit)),
    use: (...use) => allowances.use(...use),
    settle: (...settlement) => allowances.settle(...settlement),
  });
}

export async function openPostgresCaStore(url: string, options: OpenOptions): Promise<CaStore> {
  return caStoreOver(
    new PostgresCalls(await database(url, 'ca', options), caOperations, SHORT_CA, facts(url, options)),
  );
}

const facts = (url: string, { onCrash }: OpenOptions) => ({
  location: shownLocation(url),
  ...(onCrash && { onDamage: onCrash }),
});

async function database(
  url: string,
  kind: StoreKind,
  { onCrash, patience = 0 }: OpenOptions,
): Promise<DatabaseClient> {
  const deadline = monotonic() + patience;
  for (;;) {
    try {
      await migrate(url, kind);
      return new DatabaseClient({ url, schema: SCHEMAS[kind], ...(onCrash && { onLost: onCrash }) });
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || monotonic() >= deadline) throw error;
      onCrash?.(error);
      await sleep(PAUSE_MS);
    }
  }
}
