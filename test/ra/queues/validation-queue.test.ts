import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ValidationResult } from '../../../src/va/types.js';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { createWorld, VALIDATED, type World } from '../../support/world/world.js';

const TIMED_OUT: ValidationResult = {
  ok: false,
  type: 'connection',
  detail: 'timed out',
  retryable: true,
  attempts: [],
};

describe('silent targets delay only the accounts that ordered them', () => {
  let world: World;
  let silence = () => {};
  let silent = 0;
  let mostSilent = 0;
  /** What it takes before anybody is silent: how busy this machine is. */
  let undisturbed = 0;
  const answerAll = async (client: AcmeClient, names: string[]) => {
    const order = await client.newOrder(names);
    for (const url of order.body.authorizations) {
      const { challenges } = await client.authz(url);
      await client.respond(challenges[0]?.url ?? '');
    }
    return order;
  };
  /** Milliseconds from the answers to the challenges until all are valid. */
  const timeToValid = async (client: AcmeClient, names: string[]): Promise<number> => {
    const order = await answerAll(client, names);
    const started = performance.now();
    for (const url of order.body.authorizations) {
      await vi.waitFor(async () => expect((await client.authz(url)).status).toBe('valid'), {
        ...{ interval: 20, timeout: 60_000 },
      });
    }
    return performance.now() - started;
  };
  beforeEach(async () => {
    world = await createWorld({ policy: { challengeHold: 0, retryDelays: [60_000] } });
    [silent, mostSilent] = [0, 0];
    const over = new Promise<void>((resolve) => {
      silence = resolve;
    });
    world.network.outcome = async ({ identifier }, signal) => {
      if (!identifier.value.endsWith('.silent.test')) return VALIDATED;
      if (signal?.aborted) return TIMED_OUT;
      silent += 1;
      mostSilent = Math.max(mostSilent, silent);
      let ended = false;
      const end = () => {
        if (!ended) silent -= 1;
        ended = true;
      };
      await Promise.race([
        over,
        new Promise<void>((resolve) =>
          signal?.addEventListener('abort', () => {
            end();
            resolve();
          }),
        ),
      ]);
      end();
      return TIMED_OUT;
    };
    undisturbed = await timeToValid(await world.account(), ['first.example.test']);
  });
  afterEach(async () => {
    silence();
    await world.close();
  });

  const expectQuick = async (client: AcmeClient, names: string[]) => {
    expect(await timeToValid(client, names)).toBeLessThan(1_000 + 10 * undisturbed);
  };

  it('600 of one account: the challenges of another are valid within a second meanwhile', async () => {
    const [flooder, neighbour] = [await world.account(), await world.account()];
    const names = (part: number) =>
      Array.from({ length: 100 }, (_, index) => `h${index}.p${part}.silent.test`);
    await Promise.all([0, 1, 2, 3, 4, 5].map((part) => answerAll(flooder, names(part))));
    expect(silent).toBeGreaterThan(0);
    for (let turn = 0; turn < 5; turn += 1) await expectQuick(neighbour, [`app${turn}.example.test`]);
    await expectQuick(
      neighbour,
      Array.from({ length: 20 }, (_, index) => `many${index}.example.test`),
    );
    expect(mostSilent).toBeLessThanOrEqual(32);
  }, 60_000);

  it('two of each of 300 accounts: later accounts do not wait', async () => {
    // As many at once as the server takes without telling anybody to wait.
    for (let begun = 0; begun < 300; begun += 30) {
      const flood = async (_: unknown, index: number) => {
        const names = [`a${begun + index}.silent.test`, `b${begun + index}.silent.test`];
        await answerAll(await world.account(), names);
      };
      await Promise.all(Array.from({ length: 30 }, flood));
    }
    expect(silent).toBeGreaterThanOrEqual(192);
    const late = await Promise.all(Array.from({ length: 5 }, () => world.account()));
    await Promise.all(late.map((each, index) => expectQuick(each, [`late${index}.example.test`])));
    for (let turn = 0; turn < 5; turn += 1)
      await expectQuick(await world.account(), [`one${turn}.example.test`, `two${turn}.example.test`]);
    // What gave way goes on in the places of targets that hang.
    expect(silent).toBeGreaterThan(64);
    expect(mostSilent).toBeLessThanOrEqual(192 + 64);
  }, 60_000);
});

it('a closed port of a name does not delay challenges that lead elsewhere, of whichever account', async () => {
  const world = await createWorld({ policy: { challengeHold: 0 } });
  const { now } = performance;
  let ahead = 0;
  const time = vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + ahead);
  let running = 0;
  let release = () => {};
  const over = new Promise<void>((resolve) => {
    release = resolve;
  });
  world.network.outcome = async ({ type }) => {
    if (type === 'tls-alpn-01') {
      ahead += 3_000;
      return { ...TIMED_OUT, retryable: false };
    }
    running += 1;
    await over;
    return VALIDATED;
  };
  const names = Array.from({ length: 12 }, (_, index) => `half-open${index}.example.test`);
  const answer = async (client: AcmeClient, type: string) => {
    const { body } = await client.newOrder(names);
    for (const url of body.authorizations) {
      const { challenges } = await client.authz(url);
      await client.respond(challenges.find((each) => each.type === type)?.url ?? '');
    }
    return body.authorizations;
  };
  const stranger = await world.account();
  for (const url of await answer(stranger, 'tls-alpn-01'))
    await vi.waitFor(async () => expect((await stranger.authz(url)).status).toBe('invalid'));
  await answer(await world.account(), 'http-01');
  // Targets that hang have eight places of an account.
  await vi.waitFor(() => expect(running).toBe(12));
  release();
  await world.close();
  time.mockRestore();
}, 60_000);
