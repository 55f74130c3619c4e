import { afterAll, beforeAll, expect } from 'vitest';
import type { ProblemBody } from '../../tools/kit/acme-bodies.js';
import type { AcmeClient } from '../../tools/kit/acme-client.js';
import type { PostOverrides } from '../../tools/kit/acme-transport.js';
import { createWorld, type World } from '../support/world/world.js';

export let world: World;

export let client: AcmeClient;

beforeAll(async () => {
  world = await createWorld();
  client = await world.account();
});

afterAll(() => world.close());

/** The refusal of a POST-as-GET of the account, changed as told; every refusal is a problem with a fresh nonce. */
export async function refusal(
  overrides: PostOverrides,
  payload: unknown = '',
  url = client.accountUrl ?? '',
) {
  const answer = await client.send(url, payload, overrides);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const problem = answer.json as ProblemBody;
  expect(problem.status).toBe(answer.status);
  return { status: answer.status, type: problem.type.replace('urn:ietf:params:acme:error:', ''), problem };
}
