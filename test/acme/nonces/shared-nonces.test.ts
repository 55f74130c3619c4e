import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SharedNonces } from '../../../src/acme/nonces/shared-nonces.js';
import type { SharedByReplicas } from '../../../src/store/contract/shared.js';
import { openRaStore, type RaStore } from '../../../src/store/index.js';
import { aCertificate, anAccount, anAuthorization, anOrder } from '../../../tools/kit/facts.js';
import { withClient } from '../../../tools/kit/postgres/client.js';
import { PostgresServer } from '../../../tools/kit/postgres/server.js';

const HOUR = 3600_000;

let server: PostgresServer;
let stores: RaStore[];
let time: number;
beforeAll(async () => {
  server = await PostgresServer.start();
  stores = await Promise.all([0, 1, 2].map(() => openRaStore(server.url())));
});
afterAll(async () => {
  for (const store of stores) await store.close();
  await server.remove();
});
beforeEach(() => {
  time = 1_800_000_000_000;
});

function shared(index: number): SharedByReplicas {
  const state = stores[index]?.shared;
  if (!state) throw new Error('a store on PostgreSQL is shared');
  return state;
}
const replica = (index: number) => SharedNonces.open(shared(index), { clock: () => time });

describe('replay nonces of replicas (RFC 8555 §6.5)', () => {
  it('are base64url, and all different, whichever replica makes them', async () => {
    const [a, b] = [await replica(0), await replica(1)];
    const made = Array.from({ length: 500 }, () => [a.mint(), b.mint()]).flat();
    expect(new Set(made).size).toBe(1000);
    for (const nonce of made) expect(nonce).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('made by one replica are valid once at another, and then nowhere', async () => {
    const [a, b, c] = [await replica(0), await replica(1), await replica(2)];
    const nonce = a.mint();
    expect(await b.spend(nonce)).toBe('ok');
    for (const each of [a, b, c]) expect(await each.spend(nonce)).toBe('spent');
  });

  it('sent to all replicas at once are accepted by one of them', async () => {
    const replicas = await Promise.all([0, 1, 2].map(replica));
    for (let round = 0; round < 20; round += 1) {
      const nonce = replicas[round % 3]?.mint() ?? '';
      const verdicts = await Promise.all([...replicas, ...replicas].map((each) => each.spend(nonce)));
      expect(verdicts.sort()).toEqual(['ok', 'spent', 'spent', 'spent', 'spent', 'spent']);
    }
  });

  it('outlive the replica that made them', async () => {
    const nonce = (await replica(0)).mint();
    expect(await (await replica(1)).spend(nonce)).toBe('ok');
  });

  it('are spent in one step with reading the account that used them and what it asks for, whether they exist or not', async () => {
    const account = anAccount();
    const certificateOrder = anOrder(account);
    const certificate = aCertificate(certificateOrder);
    const authorization = anAuthorization(account);
    const order = anOrder(account, { authorizationIds: [authorization.id] });
    await stores[1]?.createAccount(account);
    await stores[1]?.createOrder(order, [authorization]);
    await stores[1]?.createOrder(certificateOrder, []);
    await stores[1]?.recordIssuance(certificateOrder.id, certificate);
    const nonces = await replica(0);
    const nonce = nonces.mint();
    const nothing = { account: null, found: null };
    expect(await nonces.spendBy(account.id, nonce)).toEqual({ verdict: 'ok', account, found: null });
    expect(await nonces.spendBy(account.id, nonce)).toEqual({ verdict: 'spent', ...nothing });
    expect(await nonces.spend(nonce)).toBe('spent');
    expect(await nonces.spendBy('nobody', nonces.mint())).toEqual({ verdict: 'ok', ...nothing });
    const subjects = { authorization, order: { order, authorizations: [authorization] }, certificate };
    for (const kind of ['authorization', 'order', 'certificate'] as const) {
      const about = { kind, id: { authorization, order, certificate }[kind].id };
      const found = subjects[kind];
      expect(await nonces.spendBy(account.id, nonces.mint(), about)).toEqual({
        verdict: 'ok',
        account,
        found,
      });
      expect(await nonces.spendBy('nobody', nonces.mint(), about)).toEqual({
        ...{ verdict: 'ok', account: null, found },
      });
      expect(await nonces.spendBy(account.id, nonce, about)).toEqual({ verdict: 'spent', ...nothing });
      expect(await nonces.spendBy(account.id, nonces.mint(), { kind, id: 'none' })).toEqual({
        ...{ verdict: 'ok', account, found: null },
      });
    }
    const old = nonces.mint();
    time += HOUR + 1_000;
    expect(await nonces.spendBy(account.id, old)).toEqual({ verdict: 'expired', ...nothing });
    expect(await nonces.spendBy(account.id, 'A')).toEqual({ verdict: 'unknown', ...nothing });
  });

  it('are unknown when a single bit differs', async () => {
    const nonces = await replica(0);
    const nonce = Buffer.from(nonces.mint(), 'base64url');
    for (let bit = 0; bit < nonce.length * 8; bit += 5) {
      const changed = Buffer.from(nonce);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await nonces.spend(changed.toString('base64url'))).toBe('unknown');
    }
    for (const text of ['', 'A', '\0', 'é'.repeat(44)]) expect(await nonces.spend(text)).toBe('unknown');
  });

  it('expire with time', async () => {
    const nonces = await replica(0);
    const [early, late] = [nonces.mint(), nonces.mint()];
    time += HOUR;
    expect(await nonces.spend(early)).toBe('ok');
    time += 1_000;
    expect(await nonces.spend(late)).toBe('expired');
  });

  it('spent before a crash of the database are not valid after it, and every replica continues with a new key', async () => {
    const [a, b, c] = [await replica(0), await replica(1), await replica(2)];
    const [spent, unspent] = [a.mint(), a.mint()];
    expect(await a.spend(spent)).toBe('ok');
    await server.kill();
    await expect(a.spend(unspent)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await server.resume();
    // Of a the key is known to be lost; b and c learn it from a nonce they do not know.
    expect(await a.spend(spent)).toBe('unknown');
    expect(await a.spend(unspent)).toBe('unknown');
    time += 1_000;
    expect(await b.spend(a.mint())).toBe('ok');
    expect(await c.spend(b.mint())).toBe('ok');
    expect(await a.spend(c.mint())).toBe('ok');
  });

  it('do not become valid again when a clock that was a year ahead is corrected: marks follow the database’s clock', async () => {
    time = Math.floor(Date.now() / 1000) * 1000;
    const nonces = await replica(0);
    const spent = nonces.mint();
    expect(await nonces.spend(spent)).toBe('ok');
    time += 365 * 24 * HOUR;
    await Promise.all(Array.from({ length: 600 }, () => nonces.spend(nonces.mint())));
    await shared(1).forgetNonces(time / 1000 - 7200, 10_000);
    time -= 365 * 24 * HOUR;
    expect(await nonces.spend(spent)).toBe('spent');
  });

  it('leave marks that are deleted in small steps once they are not needed', async () => {
    time = 1_700_000_000_000;
    const nonces = await replica(0);
    const spend = async (count: number) => {
      await Promise.all(Array.from({ length: count }, () => nonces.spend(nonces.mint())));
    };
    await spend(600);
    expect(await shared(1).forgetNonces(time / 1000 - 1, 10)).toBe(0);
    time += 2 * HOUR + 1_000;
    expect(await shared(1).forgetNonces(time / 1000 - 7200, 10)).toBe(10);
    await spend(256);
    const old = () =>
      withClient(server.url(), (client) =>
        client.query('SELECT count(*) FROM upki_ra.spent_nonces WHERE second < $1', [time / 1000]),
      );
    await vi.waitFor(async () => expect(Number((await old()).rows[0].count)).toBeLessThan(600 - 10));
  });
});
