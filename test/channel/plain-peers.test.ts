import { describe, expect, it } from 'vitest';
import { Dealer, Reply, Request } from 'zeromq';
import { TestChannel } from './harness.js';
import { channel, echo, open } from './open-channels.js';

describe('compatibility with plain REQ and REP peers (clear mode)', () => {
  it('answers a REQ peer, which sends no request id', async () => {
    const world = await channel('clear', echo);
    const peer = new Request({ linger: 0 });
    open.push(peer);
    peer.connect(world.endpoint);
    for (const n of [1, 2]) {
      await peer.send(JSON.stringify({ TASK: 'echo', params: { n } }));
      expect(JSON.parse(String((await peer.receive())[0]))).toEqual({ EVENT: 'ANSWER', DATA: { n } });
    }
  });

  it('is understood by a REP peer, which answers one request after the other', async () => {
    const peer = new Reply({ linger: 0 });
    open.push(peer);
    await peer.bind('tcp://127.0.0.1:0');
    void (async () => {
      for await (const [body] of peer) await peer.send(await echo(body as Buffer));
    })().catch(() => {});
    const world = new TestChannel('clear', echo);
    open.push(world);
    const client = world.client({ endpoint: peer.lastEndpoint ?? '' });
    const answers = await Promise.all([1, 2, 3].map((n) => client.request('echo', { n })));
    expect(answers).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('ignores messages outside the contract and continues', async () => {
    const world = await channel('clear', echo);
    const peer = new Dealer({ linger: 0 });
    open.push(peer);
    peer.connect(world.endpoint);
    await peer.send('no delimiter');
    await peer.send(['', 'two', 'bodies']);
    await peer.send(['']);
    await peer.send(['id', '', '{"TASK":"echo"}']);
    expect((await peer.receive()).map(String)).toEqual(['id', '', '{"EVENT":"ANSWER","DATA":{}}']);
  });
});
