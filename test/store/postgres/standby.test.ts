import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../../src/store/contract/errors.js';
import { openRaStore, type RaStore } from '../../../src/store/index.js';
import { PostgresServer } from '../../../tools/kit/postgres/server.js';
import { until } from '../../../tools/kit/until.js';

let primary: PostgresServer;
let standby: PostgresServer;
beforeAll(async () => {
  primary = await PostgresServer.start();
  standby = await primary.standby();
}, 60_000);
afterAll(async () => {
  await standby.remove();
  await primary.remove();
});

const open = (url: string): Promise<RaStore> => openRaStore(url, { patience: 10_000 });

describe('a URL with a primary and a synchronous standby', () => {
  it('uses the server that accepts writes, whatever its place in the URL, also after a promotion, and never the old primary', async () => {
    const stores = [await open(primary.urlWith([standby])), await open(standby.urlWith([primary]))];
    const [one, other] = stores;
    if (!one || !other) return expect.unreachable();
    await one.putSetting('before', 'x');
    expect(await other.getSetting('before')).toBe('x');

    await primary.kill();
    await expect(one.putSetting('lost', 'x')).rejects.toThrow(StoreUnavailable);
    await standby.promote();
    for (const store of stores) {
      await until(15_000, () => store.putSetting('after', 'y'));
      expect(await store.getSetting('before')).toBe('x');
    }
    // It comes back by itself, and takes writes as it did.
    await primary.resume();
    await one.putSetting('later', 'z');
    await standby.kill();
    await expect(one.putSetting('astray', 'z')).rejects.toThrow(/refused|succeeded|unexpectedly|terminat/);
    await expect(one.putSetting('astray', 'z')).rejects.toThrow(/primary that was succeeded/);
    await standby.resume();
    await until(15_000, () => one.putSetting('again', 'z'));
    expect(await other.getSetting('later')).toBe('z');
    for (const store of stores) await store.close();
  }, 90_000);
});
