import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Dealer, Reply, Request } from 'zeromq';
import { newCurveKeyPair, registrationKeys } from '../../src/channel/curve-keys.js';
import {
  decodeRequest,
  encodeAnswer,
  encodeAnswerWithOctets,
  encodeError,
} from '../../src/channel/envelope.js';
import { ChannelUnavailable, TaskError } from '../../src/channel/errors.js';
import { Link } from '../../tools/kit/link.js';
import { TestChannel } from './harness.js';

const HAS_IPV6 = Object.values(networkInterfaces())
  .flat()
  .some((own) => own?.address === '::1');

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

async function channel(...args: ConstructorParameters<typeof TestChannel>): Promise<TestChannel> {
  const started = await new TestChannel(...args).listen();
  open.push(started);
  return started;
}

/** Answers with the params; a request with `turns` after so many turns of the event loop. */
const echo = async (bytes: Uint8Array): Promise<string> => {
  const { task, params } = decodeRequest(bytes);
  if (task === 'refuse') return encodeError(new TaskError(300, 'no', 'badCSR'));
  if (task === 'break') return encodeError(new Error('a secret detail'));
  if (task === 'silence') return new Promise(() => {});
  for (let turns = Number(params.turns ?? 0); turns > 0; turns -= 1) await turn();
  return encodeAnswer(params);
};

describe.each(['clear', 'curve'] as const)('a channel in %s mode', (mode) => {
  it('answers 1,000 requests in flight, each with its own answer, in whatever order they finish', async () => {
    const client = (await channel(mode, echo)).client();
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => client.request('echo', { index, turns: 20 - (index % 20) })),
    );
    expect(answers.map((answer) => (answer as { index: number }).index)).toEqual([...Array(1000).keys()]);
  });

  it.runIf(HAS_IPV6)(
    'listens on an IPv6 address and connects to it, also after its peers were dropped',
    async () => {
      const world = await channel(mode, echo, 64, '::1');
      const client = world.client();
      expect(await client.request('echo', { over: 6 })).toEqual({ over: 6 });
      await world.server.dropPeers();
      expect(await world.client().request('echo', { over: 6 })).toEqual({ over: 6 });
    },
  );

  it('transfers octets in a frame of their own, among other answers', async () => {
    const octets = randomBytes(3_000_000);
    const world = await channel(mode, async (bytes) => {
      const { params } = decodeRequest(bytes);
      return encodeAnswerWithOctets(params.octets === true ? { number: 7, part: octets } : params);
    });
    const client = world.client();
    const asked = Array.from({ length: 12 }, (_, n) =>
      client.request('any', n % 3 === 0 ? { octets: true } : { n }),
    );
    for (const [n, answer] of (await Promise.all(asked)).entries()) {
      if (n % 3 !== 0) expect(answer).toEqual({ n });
      else expect(octets.equals((answer as { part: Buffer }).part)).toBe(true);
    }
  });

  it('begins requests that arrive at once in several turns of the event loop', async () => {
    const begun = new Map<number, number>();
    let turns = 0;
    let counting = true;
    const count = () => {
      turns += 1;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const client = (
      await channel(mode, async () => {
        begun.set(turns, (begun.get(turns) ?? 0) + 1);
        for (const end = performance.now() + 3; performance.now() < end; );
        return encodeAnswer(true);
      })
    ).client();
    await Promise.all(Array.from({ length: 60 }, () => client.request('any', {})));
    counting = false;
    // A turn begins requests when they arrive, and once more at its end.
    expect(Math.max(...begun.values())).toBeLessThanOrEqual(6);
  });

  it('handles no more requests at once than configured', async () => {
    let working = 0;
    let most = 0;
    const client = (
      await channel(
        mode,
        async () => {
          most = Math.max(most, ++working);
          await new Promise((resolve) => setImmediate(resolve));
          working--;
          return encodeAnswer(true);
        },
        4,
      )
    ).client();
    await Promise.all(Array.from({ length: 200 }, () => client.request('any', {})));
    expect(most).toBe(4);
  });

  it('sends a refusal with its code and kind, and an internal error without details', async () => {
    const client = (await channel(mode, echo)).client();
    await expect(client.request('refuse', {})).rejects.toMatchObject({
      name: 'ChannelRefused',
      message: 'no',
      code: 300,
      kind: 'badCSR',
    });
    const inner = await client.request('break', {}).catch((error: Error) => error);
    expect(inner).toBeInstanceOf(ChannelUnavailable);
    expect(String(inner)).not.toContain('secret');
  });

  it('gives up when no answer comes in time, and continues with other requests', async () => {
    const client = (await channel(mode, echo)).client();
    await expect(client.request('silence', {}, 50)).rejects.toBeInstanceOf(ChannelUnavailable);
    await expect(client.request('echo', { a: 1 })).resolves.toEqual({ a: 1 });
  });

  it('refuses more than its bound of waiting requests at once', async () => {
    const client = (await channel(mode, echo)).client({ maxPending: 2 });
    const waiting = [client.request('silence', {}, 300), client.request('silence', {}, 300)];
    await expect(client.request('echo', {})).rejects.toThrow(/2 requests are already waiting/);
    expect((await Promise.allSettled(waiting)).map((one) => one.status)).toEqual(['rejected', 'rejected']);
    await expect(client.request('echo', {})).resolves.toEqual({});
  });

  it('fails open requests when the CA goes away, delivers nothing late, and recovers when it is back', async () => {
    const seen: unknown[] = [];
    const world = await channel(mode, (bytes) => {
      seen.push(decodeRequest(bytes).params.n);
      return echo(bytes);
    });
    const client = world.client({ connectTimeout: 100 });
    await expect
      .poll(() => client.request('echo', { n: 1 }).catch(() => null), { timeout: 10_000 })
      .toEqual({ n: 1 });
    await world.stop();
    await expect(client.request('echo', { n: 2 })).rejects.toBeInstanceOf(ChannelUnavailable);
    await world.listen();
    await expect
      .poll(() => client.request('echo', { n: 3 }).catch(() => null), { timeout: 10_000 })
      .toEqual({ n: 3 });
    expect(seen).not.toContain(2);
  });

  it('lets a client start before the CA does', async () => {
    const world = await channel(mode, echo);
    await world.stop();
    const client = world.client({ connectTimeout: 10_000, timeout: 10_000 });
    const early = client.request('echo', { early: true });
    await world.listen();
    await expect(early).resolves.toEqual({ early: true });
  });

  it('reaches the CA again soon after a network that dropped everything recovers', async () => {
    const world = await channel(mode, echo);
    const link = await Link.open(Number(new URL(world.endpoint).port));
    open.push(link);
    await link.cut('silent');
    const client = world.client({
      endpoint: `tcp://127.0.0.1:${link.port}`,
      connectTimeout: 100,
      handshakeTimeout: 100,
    });
    await expect(client.request('echo', {})).rejects.toBeInstanceOf(ChannelUnavailable);
    await link.heal();
    await expect
      .poll(() => client.request('echo', { n: 1 }).catch(() => null), { timeout: 10_000 })
      .toEqual({ n: 1 });
  });

  it('gets the greeting first on every connection, and a connection keeps its name', async () => {
    const heard: [task: string, connection: string][] = [];
    const server = await channel(mode, async (bytes, connection) => {
      const { task } = decodeRequest(bytes);
      heard.push([task, connection]);
      return encodeAnswer(true);
    });
    const client = server.client({ greeting: { task: 'hello', params: {} } });
    await Promise.all([client.request('a', {}), client.request('b', {})]);
    await server.stop();
    await server.listen();
    // The client may not have heard yet that the connection is gone.
    await expect.poll(() => client.request('c', {}).catch(() => null), { timeout: 10_000 }).toBe(true);
    expect(heard.map(([task]) => task)).toEqual(['hello', 'a', 'b', 'hello', 'c']);
    const [first, second] = [heard[0]?.[1], heard[3]?.[1]];
    expect(first).not.toBe(second);
    expect(heard.map(([, connection]) => connection)).toEqual([first, first, first, second, second]);
  });

  it('cuts off a peer whose message is larger than any request, and keeps serving', async () => {
    const world = await channel(mode, echo);
    const client = world.client();
    await expect(client.request('echo', { big: 'x'.repeat(300_000) })).rejects.toBeInstanceOf(
      ChannelUnavailable,
    );
    await expect
      .poll(() => client.request('echo', { a: 1 }).catch(() => null), { timeout: 10_000 })
      .toEqual({ a: 1 });
  });
});

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

describe('who is admitted (curve mode)', () => {
  const fast = { connectTimeout: 300, timeout: 300 };

  it('does not answer a key that is not admitted, and reports this to its holder', async () => {
    const world = await channel('curve', echo);
    const stranger = world.client({ keys: newCurveKeyPair(), ...fast });
    await expect(stranger.request('echo', {})).rejects.toThrow(/does not admit this key/);
  });

  it('admits a key from the moment it is added', async () => {
    const world = await channel('curve', echo);
    const keys = newCurveKeyPair();
    const client = world.client({ keys, ...fast });
    await expect(client.request('echo', {})).rejects.toBeInstanceOf(ChannelUnavailable);
    world.admitted.add(keys.publicKey);
    await expect.poll(() => client.request('echo', {}).catch(() => null), { timeout: 10_000 }).toEqual({});
  });

  it('ends the connections of a removed key and keeps the others', async () => {
    const world = await channel('curve', echo);
    const keys = newCurveKeyPair();
    world.admitted.add(keys.publicKey);
    const [removed, kept] = [world.client({ keys }), world.client()];
    await Promise.all([removed.request('echo', {}), kept.request('echo', {})]);
    world.admitted.delete(keys.publicKey);
    await world.server.dropPeers();
    await expect(removed.request('echo', {}, 1_000)).rejects.toBeInstanceOf(ChannelUnavailable);
    await expect.poll(() => kept.request('echo', {}).catch(() => null), { timeout: 10_000 }).toEqual({});
    await expect(removed.request('echo', {})).rejects.toBeInstanceOf(ChannelUnavailable);
  });

  it('refuses connections without CURVE', async () => {
    const world = await channel('curve', echo);
    const clear = world.client({ security: { mode: 'clear' }, ...fast });
    await expect(clear.request('echo', {})).rejects.toBeInstanceOf(ChannelUnavailable);
  });

  it('refuses a client that expects another server key', async () => {
    const world = await channel('curve', echo);
    const keys = newCurveKeyPair();
    world.admitted.add(keys.publicKey);
    const client = world.client({
      security: { mode: 'curve', serverKey: newCurveKeyPair().publicKey, keys },
      ...fast,
    });
    await expect(client.request('echo', {})).rejects.toBeInstanceOf(ChannelUnavailable);
  });

  it('answers a holder of the seed on keys derived from it, and no holder of another seed', async () => {
    const right = registrationKeys('a-registration-seed-of-length');
    const wrong = registrationKeys('b-registration-seed-of-length');
    const world = new TestChannel('curve', echo);
    Object.assign(world.serverKeys, right.server);
    world.admitted.add(right.client.publicKey);
    open.push(await world.listen());
    const holder = world.client({ keys: right.client, ...fast });
    await expect(holder.request('echo', { hello: 1 })).resolves.toEqual({ hello: 1 });
    const guesser = world.client({
      security: { mode: 'curve', serverKey: wrong.server.publicKey, keys: wrong.client },
      ...fast,
    });
    await expect(guesser.request('echo', {})).rejects.toBeInstanceOf(ChannelUnavailable);
    const halfRight = world.client({ keys: wrong.client, ...fast });
    await expect(halfRight.request('echo', {})).rejects.toBeInstanceOf(ChannelUnavailable);
  });
});

it('keeps two servers with different keys apart in one process', async () => {
  const [one, two] = [await channel('curve', echo), await channel('curve', echo)];
  const stranger = two.client({ keys: newCurveKeyPair(), connectTimeout: 300 });
  await expect(one.client().request('echo', { n: 1 })).resolves.toEqual({ n: 1 });
  await expect(two.client().request('echo', { n: 2 })).resolves.toEqual({ n: 2 });
  await expect(stranger.request('echo', {})).rejects.toBeInstanceOf(ChannelUnavailable);
});
