import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CaLacksTask, CaRefused } from '../../../src/model/ca.js';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { refused } from '../../support/refused.js';
import { createWorld, type World } from '../../support/world/world.js';

let world: World;
let client: AcmeClient;
beforeAll(async () => {
  world = await createWorld();
  client = await world.account();
});
afterEach(() => {
  world.authority.revoke = revoke;
  delete world.authority.revokeShown;
});
afterAll(() => world.close());
let revoke: World['authority']['revoke'];
beforeAll(() => {
  revoke = world.authority.revoke;
});

const lost = () => Promise.reject(new CaRefused('Certificate not found', 'notFound'));

describe('§7.6: revocation of a certificate whose record the CA’s database lost', () => {
  it('succeeds when the CA recognises its own signature', async () => {
    const { chain } = await client.issue({ names: ['restored.example.test'], solve: async () => {} });
    const shown: (number | null)[] = [];
    world.authority.revoke = lost;
    world.authority.revokeShown = async (_, reason) => {
      shown.push(reason);
      return { already: shown.length > 1 };
    };
    await client.revoke(chain, { reason: 4 });
    expect(await refused(client.revoke(chain))).toMatchObject({ type: 'alreadyRevoked' });
    expect(shown).toEqual([4, null]);
  });

  it.each([
    ['does not know the signature either', lost],
    ['has no such task', () => Promise.reject(new CaLacksTask('revoke_certificate'))],
  ])('says exactly that when the CA %s', async (_, answer) => {
    const { chain } = await client.issue({ names: ['only-here.example.test'], solve: async () => {} });
    world.authority.revoke = lost;
    world.authority.revokeShown = answer;
    const error = await refused(client.revoke(chain));
    expect([error.status, error.type]).toEqual([404, 'malformed']);
    expect(error.problem.detail).toBe(
      'this server obtained that certificate, but its certificate authority has no record of it and did not sign it: nothing was revoked',
    );
  });

  it('is refused for a forged certificate and for a requester without the right', async () => {
    const { chain } = await client.issue({ names: ['mine.example.test'], solve: async () => {} });
    world.authority.revoke = lost;
    const other = await world.account();
    expect(await refused(other.revoke(chain))).toMatchObject({ status: 403, type: 'unauthorized' });
  });
});
