import { describe, expect, it } from 'vitest';
import { newCurveKeyPair, registrationKeys } from '../../src/channel/curve-keys.js';
import { ChannelUnavailable } from '../../src/channel/errors.js';
import { TestChannel } from './harness.js';
import { channel, echo, open } from './open-channels.js';

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
