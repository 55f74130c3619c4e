import { afterEach, describe, expect, it } from 'vitest';
import { CaLacksTask, CaRefused, CaUnavailable, type IssuingCa } from '../../src/model/ca.js';
import { parseCsr } from '../../src/x509/csr.js';
import type { Located, OrderBody } from '../../tools/kit/acme-bodies.js';
import type { AcmeClient } from '../../tools/kit/acme-client.js';
import { createCsr } from '../../tools/kit/csr.js';
import { refused } from '../support/refused.js';
import { createWorld, type World } from '../support/world/world.js';

let world: World | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

/** A client with an account at an RA whose CA has rules of its own, as the Python one has. */
async function account(rules: Partial<IssuingCa>) {
  world = await createWorld({ rules });
  return world.account();
}

describe('an order at a CA with its own rules', () => {
  it('§7.4: stays ready when the CA would refuse the CSR, and is finalized with another', async () => {
    const client = await account({
      check: async ({ csr }) => {
        if (!parseCsr(csr).commonName) throw new CaRefused('the CSR has no Common Name', 'badCSR');
      },
    });
    const name = 'strict.example.test';
    const order = await provenOrder(client, name);
    expect(await refused(client.finalize(order, createCsr([name]).der))).toMatchObject({
      status: 400,
      type: 'badCSR',
      message: expect.stringContaining('no Common Name'),
    });
    expect((await client.order(order.url)).status).toBe('ready');
    const done = await client.finalize(order, createCsr([name], { commonName: name }).der);
    expect(done.status).toBe('valid');
  });

  it('§7.4: is refused at once when it requests times that the CA does not support', async () => {
    const client = await account({
      profiles: async () => [
        { name: 'server', description: '', maxValidity: 60 * 24 * 3600_000, fixedValidity: true },
      ],
    });
    const notAfter = new Date(Date.now() + 24 * 3600_000).toISOString();
    expect(await refused(client.newOrder(['a.example.test'], { notAfter }))).toMatchObject({
      status: 400,
      type: 'malformed',
      message: expect.stringContaining('"notAfter"'),
    });
  });

  it('§7.6: gets 501, not 500, when the CA cannot revoke its certificate', async () => {
    const client = await account({
      revoke: async () => {
        throw new CaLacksTask('revoke_serial');
      },
    });
    const { chain } = await client.issue({ names: ['a.example.test'], solve: async () => {} });
    expect(await refused(client.revoke(chain))).toMatchObject({
      status: 501,
      message: expect.stringContaining('revoke_serial'),
    });
  });

  it('§7.4: is sent to the CA again after a lost answer, marked as possibly issued', async () => {
    const since: (number | undefined)[] = [];
    const client = await account({
      issue: async ({ mayHaveIssuedSince }) => {
        since.push(mayHaveIssuedSince);
        throw since.length === 1 ? new CaUnavailable('lost') : new CaRefused('no');
      },
    });
    const order = await provenOrder(client, 'a.example.test');
    expect(await refused(client.finalize(order, createCsr(['a.example.test']).der))).toMatchObject({
      status: 503,
    });
    await client.poll<OrderBody>(order.url, ({ status }) => status === 'invalid');
    expect(since).toEqual([undefined, expect.any(Number)]);
  });
});

async function provenOrder(client: AcmeClient, name: string): Promise<Located<OrderBody>> {
  const order = await client.newOrder([name]);
  const { challenges } = await client.authz(order.body.authorizations[0] ?? '');
  await client.respond(challenges.find(({ type }) => type === 'http-01')?.url ?? '');
  return order;
}
