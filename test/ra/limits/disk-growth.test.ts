import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SETTINGS } from '../../../src/config/settings/index.js';
import type { Identifier } from '../../../src/model/facts.js';
import { KEEP_FAILURES, MOST_NAME, MOST_WHY } from '../../../src/ra/failure-log.js';
import { openRaStore, type RaStore } from '../../../src/store/index.js';
import { anAccount, anAuthorization, anOrder, NOW, nextId } from '../../../tools/kit/facts.js';
import { newFolder } from '../../../tools/kit/folder.js';

const MEGABYTE = 1_000_000;
/** Of a validation's detail; the longest text a peer can put there is cut to less. */
const ERROR = { type: 'urn:ietf:params:acme:error:connection', detail: 'x'.repeat(500), status: 400 };
/** Most contacts, each as long as may be, and the largest key. */
const ACCOUNT = {
  contact: Array.from({ length: 10 }, () => `mailto:${'x'.repeat(320)}`),
  jwk: { kty: 'RSA', e: 'AQAB', n: 'n'.repeat(1366) },
};

/** Bytes the database grows by, each, when `fill` stores so many. */
async function growth(count: number, fill: (store: RaStore) => Promise<void>): Promise<number> {
  const folder = newFolder();
  try {
    const sizes: number[] = [];
    for (const step of [async () => {}, fill]) {
      const store = await openRaStore(join(folder, 'acme.db'));
      await step(store);
      await store.close();
      const files = await readdir(folder);
      const each = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
      sizes.push(each.reduce((sum, size) => sum + size, 0));
    }
    const [before = 0, after = 0] = sizes;
    return (after - before) / count;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const longName = (): Identifier => ({
  type: 'dns',
  value: `${randomBytes(30).toString('hex')}.${'x'.repeat(60)}.${'y'.repeat(60)}.${'z'.repeat(60)}.test`,
});

it('one stranger makes the disk grow by less than 50 MB a day, on the first day too', async () => {
  const account = await growth(300, async (store) => {
    for (let each = 0; each < 300; each += 1) await store.createAccount(anAccount(ACCOUNT));
  });
  const name = await growth(3_000, async (store) => {
    const owner = anAccount();
    await store.createAccount(owner);
    for (let each = 0; each < 30; each += 1) {
      const identifiers = Array.from({ length: 100 }, longName);
      const order = anOrder(owner, { identifiers });
      const proofs = identifiers.map((identifier) => {
        const proof = anAuthorization(owner, { orderId: order.id, identifier });
        const challenges = proof.challenges.map((challenge, index) =>
          index === 0 ? { ...challenge, answeredAt: NOW, failedAt: NOW, error: ERROR } : challenge,
        );
        return { ...proof, challenges };
      });
      await store.createOrder({ ...order, authorizationIds: proofs.map(({ id }) => id) }, proofs);
    }
  });
  const refusal = await growth(1_000, async (store) => {
    for (let each = 0; each < 1_000; each += 1) {
      await store.appendAudit({
        ...{ at: NOW, who: 'nobody', from: '2001:db8:1111:2222:3333:4444:5555:6666' },
        ...{
          action: 'DELETE /private/nodes/{cn}',
          outcome: 'unauthenticated',
          details: { cn: 'x'.repeat(200) },
        },
      });
    }
  });
  const failure = await growth(1_000, async (store) => {
    for (let each = 0; each < 1_000; each += 1) {
      const name = longName().value.padEnd(MOST_NAME, 'x').slice(0, MOST_NAME);
      await store.recordFailure(
        { id: nextId(), at: NOW, name, step: 'http-01', accountId: nextId(), why: 'x'.repeat(MOST_WHY) },
        10,
      );
    }
  });
  // Kept until all that was used is forgotten, an hour or a day.
  const allowance = await growth(1_000, async (store) => {
    const used = Array.from({ length: 1_000 }, () => `failures ${nextId()} dns:${longName().value}`);
    await store.saveAllowances(used.map((key) => ({ key, until: NOW })));
  });
  // What a day's limit lets through at once, and what comes back during the day.
  const accounts = 2 * SETTINGS.limitAccounts.default * account;
  const names = 2 * SETTINGS.limitNames.default * name;
  // Ten a minute (see ra/audit-log.ts).
  const refusals = 10 * 60 * 24 * refusal;
  const failures = KEEP_FAILURES * failure;
  const allowances = SETTINGS.limitNames.default * allowance;
  const all = { accounts, names, refusals, failures, allowances };
  expect(
    Object.values(all).reduce((sum, size) => sum + size),
    JSON.stringify(all),
  ).toBeLessThan(50 * MEGABYTE);
}, 60_000);
