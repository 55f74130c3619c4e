import { describe, expect, it } from 'vitest';
import { refused } from '../support/refused.js';
import { createWorld } from '../support/world/world.js';
import { refusal, world } from './harness.js';

describe('§7.1: the link to the directory', () => {
  it.each([
    'directory',
    'directory?a=1',
    '%64irectory',
  ])('is not on the directory itself, however it is written: %s', async (path) => {
    const answer = await world.client().request('GET', `${world.base}/acme/${path}`);
    expect([answer.status, answer.headers.link]).toEqual([200, undefined]);
  });
});

describe('§6.7: problems', () => {
  it('answer unknown URLs with 404', async () => {
    expect(await refusal({}, '', `${world.base}/acme/nothing`)).toMatchObject({
      status: 404,
      type: 'malformed',
    });
  });

  it('answer wrong methods with 405 and Allow', async () => {
    const answer = await world.client().request('DELETE', `${world.base}/acme/new-nonce`);
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD, POST');
  });

  it('hide internal errors behind serverInternal', async () => {
    const broken = await createWorld();
    const someone = await broken.account();
    broken.store.createOrder = async () => {
      throw new Error('the database said SQLITE_CORRUPT');
    };
    const failed = await refused(someone.newOrder(['a.example.test']));
    expect(failed).toMatchObject({ status: 500, type: 'serverInternal' });
    expect(failed.problem.detail).not.toMatch(/store|database|sql/i);
    await broken.close();
  });

  it('answer 503 with Retry-After when the store cannot write', async () => {
    const broken = await createWorld();
    const someone = await broken.account();
    await broken.store.close();
    const failed = await refused(someone.newOrder(['a.example.test']));
    expect(failed).toMatchObject({ status: 503, type: 'serverInternal' });
    expect(Number(failed.headers['retry-after'])).toBeGreaterThan(0);
    expect(failed.problem.detail).not.toMatch(/store|database|sql/i);
    await broken.close().catch(() => {});
  });
});
