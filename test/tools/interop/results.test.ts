import { expect, it } from 'vitest';
import { type Results, results } from '../../../tools/interop/results.js';
import type { Report } from '../../../tools/interop/table.js';

const found = (client: string, passed: Record<string, boolean>) => ({
  client,
  version: '1',
  passed,
  failures: [],
});
const before: Results = {
  features: ['http-01'],
  clients: [found('certbot', { 'http-01': true }), found('lego', { 'http-01': true })],
  notInstallable: ['caddy'],
  leftOut: ['traefik'],
};
const names = ['certbot', 'caddy', 'lego', 'traefik'];
const driven = (client: string, ok: boolean): Report => ({
  client,
  version: '2',
  outcomes: { start: { passed: true, seconds: 1 }, 'http-01': { passed: ok, seconds: 1 } },
  failures: ok ? [] : ['http-01: no'],
});

it('a run of some clients leaves what earlier runs found of the others', () => {
  const after = results([driven('traefik', true), driven('lego', false)], names, before);
  expect(after.clients).toEqual([
    found('certbot', { 'http-01': true }),
    { client: 'lego', version: '2', passed: { 'http-01': false }, failures: ['http-01: no'] },
    { client: 'traefik', version: '2', passed: { 'http-01': true }, failures: [] },
  ]);
  expect([after.notInstallable, after.leftOut]).toEqual([['caddy'], []]);
});

it('a client that can no longer be installed loses the result it had', () => {
  const absent: Report = { client: 'lego', version: 'not installable', outcomes: {}, failures: [] };
  const after = results([absent], names, before);
  expect(after.clients.map(({ client }) => client)).toEqual(['certbot']);
  expect([after.notInstallable, after.leftOut]).toEqual([['caddy', 'lego'], ['traefik']]);
});
