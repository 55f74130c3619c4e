import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { openRaStore } from '../../../src/store/open.js';
import { aCertificate, anAccount, anAuthorization, anOrder, NOW, PROBLEM } from '../../../tools/kit/facts.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { withClient } from '../../../tools/kit/postgres/client.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';

export let folder: string;

export let path: string;

export let database: Awaited<ReturnType<typeof createDatabase>>;

beforeEach(async () => {
  folder = newFolder();
  path = join(folder, 'store.db');
  database = await createDatabase();
});

afterEach(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

export const silent = () => {};

export const count = (table: string) =>
  withClient(database.url, async (client) =>
    Number((await client.query(`SELECT count(*) FROM ${table}`)).rows[0].count),
  );

/** An RA's database with an order in every state. */
export async function fillRa() {
  const store = await openRaStore(path);
  const account = anAccount({
    contact: ['mailto:zoë@example.com'],
    externalAccount: { kid: 'é', jws: { a: '\0' } },
  });
  await store.createAccount(account);
  const order = async (facts = {}) => {
    const id = anOrder(account).id;
    const authorization = anAuthorization(account, { orderId: id });
    const made = anOrder(account, { id, authorizationIds: [authorization.id], ...facts });
    await store.createOrder(made, [authorization]);
    return { order: made, authorization };
  };
  const issued = await order();
  const certificate = aCertificate(issued.order);
  await store.beginFinalize(issued.order.id, new Uint8Array([0, 255, 92, 39]), NOW);
  await store.recordIssuance(issued.order.id, certificate);
  const replacing = await order({ replaces: certificate.ariId });
  await store.answerChallenge(replacing.authorization.id, 'http-01', NOW, NOW);
  const processing = await order();
  await store.beginFinalize(processing.order.id, new Uint8Array([1]), NOW);
  const failed = await order();
  await store.failOrder(failed.order.id, PROBLEM);
  await store.putSetting('name', 'é"\n\\');
  return {
    store,
    account,
    certificate,
    orders: [issued, replacing, processing, failed].map((each) => each.order.id),
  };
}
