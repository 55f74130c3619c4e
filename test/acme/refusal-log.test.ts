import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWorld, type World } from '../support/world/world.js';

const lines: Record<string, unknown>[] = [];
let world: World;
beforeAll(async () => {
  world = await createWorld({
    policy: { denied: ['secret.example.test'] },
    log: (line: string) => lines.push(JSON.parse(line)),
  });
});
afterAll(() => world.close());

it('a refused order is logged at level info with the account, the names, the problem and the reason', async () => {
  const acme = await world.account();
  await expect(acme.newOrder(['secret.example.test', 'fine.example.test'])).rejects.toThrow();
  await expect.poll(() => lines.filter(({ msg }) => msg === 'refused')).toHaveLength(1);
  const [line] = lines.filter(({ msg }) => msg === 'refused');
  expect(line).toMatchObject({
    level: 30,
    method: 'POST',
    status: 400,
    problem: 'rejectedIdentifier',
    names: ['secret.example.test'],
    detail: expect.stringContaining('secret.example.test'),
  });
  expect(acme.accountUrl).toContain(String(line?.account));
});
