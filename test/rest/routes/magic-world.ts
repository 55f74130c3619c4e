import { afterAll, beforeAll, expect } from 'vitest';
import { JoinedWorld } from '../../support/world/joined.js';

export const profile = (...lines: string[]) =>
  [
    'duration: 30',
    'keyUsage: [digitalSignature]',
    'extendedKeyUsage: [serverAuth, clientAuth]',
    ...lines,
  ].join('\n');

export let world: JoinedWorld;

beforeAll(async () => {
  world = await new JoinedWorld({
    profiles: {
      small: profile('keyType: ec', 'keyLen: 384', 'digest: sha384'),
      edwards: profile('keyType: ed25519'),
      device: 'duration: 30\nkeyType: ec\nkeyUsage: [digitalSignature]\nextendedKeyUsage: [clientAuth]',
    },
  }).start();
});

afterAll(() => world.close());

export const magic = (name: string, query: Record<string, string> = {}, headers = {}) =>
  world.ask(`/public/magic/${encodeURIComponent(name)}?${new URLSearchParams(query)}`, null, { headers });

export const scriptFor = async (name: string, cn: string, sans = '') => {
  const answer = await magic(name, { cn, sans, format: 'sh' });
  expect(answer.status).toBe(200);
  return answer.text;
};
