import { describe, expect, it } from 'vitest';
import { ChannelRefused, ChannelUnavailable } from '../../../src/channel/errors.js';
import { CaLacksTask, CaUnavailable } from '../../../src/model/ca.js';
import { CaClient } from '../../../src/ra/ca/client.js';
import { CompromisedKeys } from '../../../src/ra/ca/compromised-keys.js';

/** A CA with these keys; the number of a key is its place. */
function caWith(keys: string[]) {
  const asked: number[] = [];
  const call = async (_task: string, { after = 0, limit = 0 }: { after?: number; limit?: number }) => {
    asked.push(after);
    const page = keys.slice(after, after + limit);
    return { keys: page, next: page.length === 0 ? after : after + page.length };
  };
  return { asked, client: { call } as never };
}

describe('the RA’s copy of compromised keys', () => {
  it('is read completely, page by page, and afterwards only the new entries', async () => {
    const keys = Array.from({ length: 2_500 }, (_, index) => `key ${index}`);
    const { client, asked } = caWith(keys);
    const copy = new CompromisedKeys({ ca: new CaClient({ client }), onError: () => {} });
    await copy.refresh();
    expect([copy.has('key 0'), copy.has('key 2499'), copy.has('key 2500')]).toEqual([true, true, false]);
    keys.push('key 2500');
    await copy.refresh();
    expect(copy.has('key 2500')).toBe(true);
    expect(asked).toEqual([0, 1_000, 2_000, 2_500]);
  });

  it('is read completely again each hour, because a CA whose database was restored numbers from the beginning', async () => {
    const keys = ['one', 'two', 'three'];
    const { client } = caWith(keys);
    let now = 0;
    const copy = new CompromisedKeys({ ca: new CaClient({ client }), onError: () => {}, now: () => now });
    await copy.refresh();
    keys.splice(0, 3, 'four');
    await copy.refresh();
    expect(copy.has('four')).toBe(false);
    now = 3600_000;
    await copy.refresh();
    expect([copy.has('four'), copy.has('one')]).toEqual([true, true]);
  });

  it('contains after a refresh every key that the CA had at the request, also while an earlier request is in progress', async () => {
    const keys: string[] = [];
    let answer: () => void = () => {};
    const { client } = caWith(keys);
    const slow = {
      call: async (...params: never[]) => {
        const page = await (client as { call(...of: never[]): Promise<object> }).call(...params);
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return page;
      },
    };
    const copy = new CompromisedKeys({ ca: new CaClient({ client: slow as never }), onError: () => {} });
    const first = copy.refresh();
    await new Promise(setImmediate);
    keys.push('late');
    const second = copy.refresh();
    answer();
    await first;
    expect(copy.has('late')).toBe(false);
    await new Promise(setImmediate);
    answer();
    await second;
    expect(copy.has('late')).toBe(true);
  });

  it('is current on request: it is read again after a fifth of a second, once for all waiting callers', async () => {
    const keys = ['one'];
    const { client, asked } = caWith(keys);
    let now = 0;
    const copy = new CompromisedKeys({ ca: new CaClient({ client }), onError: () => {}, now: () => now });
    await copy.recent();
    keys.push('two');
    now = 199;
    await copy.recent();
    expect(copy.has('two')).toBe(false);
    now = 200;
    await Promise.all([copy.recent(), copy.recent(), copy.recent()]);
    expect([copy.has('two'), asked.length]).toEqual([true, 2]);
    const away = () => Promise.reject(new ChannelUnavailable('away'));
    await new CompromisedKeys({ ca: new CaClient({ client: { call: away } }), onError: () => {} }).recent();
  });

  it('reports why it is unknown: the CA is unreachable, or lacks the task', async () => {
    const failing = (error: Error) =>
      new CompromisedKeys({
        ca: new CaClient({ client: { call: () => Promise.reject(error) } }),
        onError: () => {},
      });
    await expect(failing(new ChannelUnavailable('away')).refresh()).rejects.toBeInstanceOf(CaUnavailable);
    const unknown = new ChannelRefused('Unknown task: list_compromised_keys', 2, 'unknownTask');
    await expect(failing(unknown).refresh()).rejects.toBeInstanceOf(CaLacksTask);
  });
});
