import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AcmeProfile } from '../../../src/model/ca.js';
import { CHALLENGE_TYPES } from '../../../src/model/facts.js';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { createCsr } from '../../../tools/kit/csr.js';
import { refused } from '../../support/refused.js';
import { createWorld, type World } from '../../support/world/world.js';

const DAY = 86_400_000;
const sensors: AcmeProfile = {
  name: 'sensors',
  description: 'Sensors in the plant: P-256, 6 days, dns-persist-01',
  maxValidity: 6 * DAY,
  keyTypes: ['P-256'],
  challenges: ['dns-persist-01'],
};
const server: AcmeProfile = { name: 'server', description: 'TLS servers', maxValidity: 60 * DAY };
let profiles = [server, sensors];
let world: World;
let client: AcmeClient;
beforeAll(async () => {
  world = await createWorld({
    policy: { challenges: CHALLENGE_TYPES, preauthorization: true },
    settings: { persistIssuers: async () => ['ra.test'] },
    rules: { profiles: async () => profiles },
  });
  client = await world.account();
});
afterAll(() => world.close());

const challengesOf = async (name: string, profile: string) => {
  const order = await client.newOrder([name], { profile });
  return { order, ...(await client.authz(order.body.authorizations[0] ?? '')) };
};
const proven = async (name: string, profile: string) => {
  const { order, challenges } = await challengesOf(name, profile);
  await client.respond(challenges[0]?.url ?? '');
  return order;
};

describe('a profile that names its challenges and keys', () => {
  it('describes itself in the directory', async () => {
    const { meta } = (await client.directory()) as unknown as { meta: { profiles: object } };
    expect(meta.profiles).toEqual({ server: server.description, sensors: sensors.description });
  });

  it('offers only its challenges, also for wildcards; another profile offers all', async () => {
    const types = async (name: string, profile: string) =>
      (await challengesOf(name, profile)).challenges.map(({ type }) => type);
    expect(await types('a.example.test', 'sensors')).toEqual(['dns-persist-01']);
    expect(await types('*.a.example.test', 'sensors')).toEqual(['dns-persist-01']);
    expect(await types('a.example.test', 'server')).toEqual([...CHALLENGE_TYPES]);
  });

  it('newOrder refuses a name that its challenges cannot prove, and names it', async () => {
    const error = await refused(client.newOrder(['192.0.2.7'], { profile: 'sensors' }));
    expect(error).toMatchObject({ status: 400, type: 'rejectedIdentifier' });
    expect(error.message).toContain('dns-persist-01');
  });

  it('a pre-authorization by another challenge is not used', async () => {
    const { newAuthz = '' } = await client.directory();
    const identifier = { type: 'dns', value: 'ahead.example.test' };
    const made = await client.post<{ challenges: { url: string }[] }>(newAuthz, { identifier });
    await client.respond(made.json.challenges[0]?.url ?? '');
    expect((await challengesOf('ahead.example.test', 'server')).status).toBe('valid');
    expect((await challengesOf('ahead.example.test', 'sensors')).status).toBe('pending');
  });

  it('its validity limits the times of an order', async () => {
    const notAfter = new Date(Date.now() + 7 * DAY).toISOString();
    const error = await refused(client.newOrder(['b.example.test'], { profile: 'sensors', notAfter }));
    expect(error.message).toContain('6 days');
  });

  it('a key of another kind is badCSR, and the order stays ready for another CSR', async () => {
    const order = await proven('c.example.test', 'sensors');
    const other = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const wrong = createCsr(['c.example.test'], { key: other.privateKey }).der;
    const error = await refused(client.finalize(order, wrong));
    expect(error).toMatchObject({ type: 'badCSR' });
    expect(error.message).toContain('P-256');
    expect((await client.finalize(order, createCsr(['c.example.test']).der)).status).toBe('valid');
  });

  it('a proof by a challenge that the profile no longer allows is refused at finalize', async () => {
    const order = await proven('d.example.test', 'server');
    profiles = [{ ...server, challenges: ['dns-01'] }, sensors];
    try {
      const error = await refused(client.finalize(order, createCsr(['d.example.test']).der));
      expect(error).toMatchObject({ status: 403, type: 'unauthorized' });
    } finally {
      profiles = [server, sensors];
    }
    expect((await client.finalize(order, createCsr(['d.example.test']).der)).status).toBe('valid');
  });
});
