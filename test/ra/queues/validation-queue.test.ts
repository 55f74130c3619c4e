import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ValidationResult } from '../../../src/va/types.js';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { createWorld, VALIDATED, type World } from '../../acme/support/world.js';

const TIMED_OUT: ValidationResult = {
  ok: false,
  type: 'connection',
  detail: 'timed out',
  retryable: true,
  attempts: [],
};

describe('one account with hundreds of silent targets delays nobody else', () => {
  let world: World;
  let flooder: AcmeClient;
  let neighbour: AcmeClient;
  let silence = () => {};
  let silent = 0;
  let mostSilent = 0;
  beforeAll(async () => {
    world = await createWorld({ policy: { challengeHold: 0, retryDelays: [60_000] } });
    [flooder, neighbour] = [await world.account(), await world.account()];
    const over = new Promise<void>((resolve) => {
      silence = resolve;
    });
    world.network.outcome = async ({ identifier }) => {
      if (!identifier.value.endsWith('.silent.test')) return VALIDATED;
      silent += 1;
      mostSilent = Math.max(mostSilent, silent);
      await over;
      silent -= 1;
      return TIMED_OUT;
    };
  });
  afterAll(async () => {
    silence();
    await world.close();
  });

  const answerAll = async (client: AcmeClient, names: string[]) => {
    const order = await client.newOrder(names);
    for (const url of order.body.authorizations) {
      const { challenges } = await client.authz(url);
      await client.respond(challenges[0]?.url ?? '');
    }
    return order;
  };

  it("another account's challenge is valid within a second meanwhile", async () => {
    const names = (part: number) =>
      Array.from({ length: 80 }, (_, index) => `h${index}.p${part}.silent.test`);
    await Promise.all([0, 1, 2].map((part) => answerAll(flooder, names(part))));
    expect(silent).toBeGreaterThan(0);
    for (let turn = 0; turn < 5; turn += 1) {
      const order = await answerAll(neighbour, [`app${turn}.example.test`]);
      const started = Date.now();
      const [url = ''] = order.body.authorizations;
      while ((await neighbour.authz(url)).status !== 'valid') await pause(20);
      expect(Date.now() - started).toBeLessThan(1_000);
    }
    expect(mostSilent).toBeLessThanOrEqual(32);
  }, 60_000);
});
