import { describe, expect, it } from 'vitest';
import type { Account, Authorization, Challenge, Order } from '../../src/model/facts.js';
import { accountStatus, authorizationStatus, challengeStatus, orderStatus } from '../../src/model/status.js';

const NOW = 1_000_000;
const problem = { type: 'urn:ietf:params:acme:error:connection', detail: 'refused', status: 400 };
const challenge = (facts: Partial<Challenge> = {}): Challenge => ({
  type: 'http-01',
  token: 't',
  answeredAt: null,
  validatedAt: null,
  failedAt: null,
  error: null,
  ...facts,
});
const authorization = (facts: Partial<Authorization> = {}, ...challenges: Challenge[]): Authorization => ({
  id: 'z',
  accountId: 'a',
  orderId: 'o',
  identifier: { type: 'dns', value: 'example.com' },
  wildcard: false,
  createdAt: 0,
  expiresAt: NOW + 1,
  deactivatedAt: null,
  revokedAt: null,
  provenBy: null,
  challenges: challenges.length > 0 ? challenges : [challenge()],
  ...facts,
});
const order = (facts: Partial<Order> = {}): Order => ({
  id: 'o',
  accountId: 'a',
  identifiers: [{ type: 'dns', value: 'example.com' }],
  authorizationIds: ['z'],
  profile: 'server',
  notBefore: null,
  notAfter: null,
  replaces: null,
  createdAt: 0,
  expiresAt: NOW + 1,
  csr: null,
  finalizeDeferred: false,
  error: null,
  certificateId: null,
  ...facts,
});
const validated = challenge({ answeredAt: 1, validatedAt: 2 });
const failed = challenge({ answeredAt: 1, failedAt: 2, error: problem });
const csr = new Uint8Array([1]);

describe('RFC 8555 §7.1.6 challenge', () => {
  it.each([
    ['pending', challenge()],
    ['processing', challenge({ answeredAt: 1 })],
    ['processing', challenge({ answeredAt: 1, error: problem })],
    ['valid', validated],
    ['invalid', failed],
  ])('%s: %j', (expected, facts) => {
    expect(challengeStatus(facts, authorization({}, facts))).toBe(expected);
  });

  const answered = challenge({ type: 'dns-01', answeredAt: 1 });
  it.each([
    ['another is valid', authorization({}, answered, validated)],
    ['another is invalid', authorization({}, answered, failed)],
    ['the authorization is deactivated', authorization({ deactivatedAt: 2 }, answered)],
    ['the authorization is revoked', authorization({ revokedAt: 2 }, answered)],
  ])('of an answered challenge is invalid once %s', (_, facts) => {
    expect(challengeStatus(answered, facts)).toBe('invalid');
  });

  it('of a challenge that was never answered stays pending', () => {
    expect(challengeStatus(challenge(), authorization({ deactivatedAt: 2 }))).toBe('pending');
  });
});

describe('RFC 8555 §7.1.6 authorization', () => {
  it.each([
    ['pending', authorization()],
    ['pending', authorization({}, challenge({ answeredAt: 1 }))],
    ['valid', authorization({}, challenge({ type: 'dns-01' }), validated)],
    ['invalid', authorization({}, challenge({ type: 'dns-01' }), failed)],
    ['invalid', authorization({ expiresAt: NOW })],
    ['expired', authorization({ expiresAt: NOW }, validated)],
    ['deactivated', authorization({ deactivatedAt: 1 }, validated)],
    ['deactivated', authorization({ deactivatedAt: 1 })],
    ['revoked', authorization({ revokedAt: 1 }, validated)],
    ['valid', authorization({ provenBy: 'node', challenges: [] })],
    ['expired', authorization({ provenBy: 'node', challenges: [], expiresAt: NOW })],
    ['revoked', authorization({ provenBy: 'node', challenges: [], revokedAt: 1 })],
  ])('%s: %j', (expected, facts) => {
    expect(authorizationStatus(facts, NOW)).toBe(expected);
  });
});

describe('RFC 8555 §7.1.6 order', () => {
  const valid = authorization({}, validated);
  it.each([
    ['pending', order(), [authorization()]],
    ['pending', order(), [valid, authorization()]],
    ['ready', order(), [valid, valid]],
    ['invalid', order(), [valid, authorization({}, failed)]],
    ['invalid', order(), [authorization({ deactivatedAt: 1 }, validated)]],
    ['invalid', order(), [authorization({ expiresAt: NOW }, validated)]],
    ['invalid', order({ expiresAt: NOW }), [valid]],
    ['invalid', order({ error: problem }), [valid]],
    ['invalid', order({ error: problem, csr }), [valid]],
    ['processing', order({ csr }), [valid]],
    ['processing', order({ csr, expiresAt: NOW }), [authorization({ deactivatedAt: 1 }, validated)]],
    ['valid', order({ csr, certificateId: 'c' }), [valid]],
    ['valid', order({ csr, certificateId: 'c', expiresAt: 0 }), [authorization({ expiresAt: 0 }, validated)]],
  ])('%s: %j with %j', (expected, facts, authorizations) => {
    expect(orderStatus(facts, authorizations, NOW)).toBe(expected);
  });
});

describe('RFC 8555 §7.1.6 account', () => {
  const account = (facts: Partial<Account>) =>
    ({ deactivatedAt: null, revokedAt: null, ...facts }) as Account;
  it('is valid, deactivated by its holder or revoked by the server', () => {
    expect(accountStatus(account({}))).toBe('valid');
    expect(accountStatus(account({ deactivatedAt: 1 }))).toBe('deactivated');
    expect(accountStatus(account({ deactivatedAt: 1, revokedAt: 1 }))).toBe('revoked');
  });
});
