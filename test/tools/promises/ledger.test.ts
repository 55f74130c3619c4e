import { describe, expect, it } from 'vitest';
import type { AuthorizationBody, ChallengeBody } from '../../../tools/kit/acme-bodies.js';
import { generateSigningKey, type SigningKey } from '../../../tools/kit/jws-signer.js';
import type { KeyAnswer } from '../../../tools/promises/promised-account.js';
import { type PromisedOrder, plainSerial } from '../../../tools/promises/promised-order.js';
import { answered, certificate, promised } from './world.js';

const challenge = (status: ChallengeBody['status']): ChallengeBody => ({
  type: 'http-01',
  url: 'https://ra.test/acme/challenge/x/http-01',
  token: 'token',
  status,
});

function authorization(status: string, of: ChallengeBody['status']): AuthorizationBody {
  return { status, identifier: { type: 'dns', value: 'o1.crash.test' }, challenges: [challenge(of)] };
}

describe('the ledger of orders', () => {
  it('finds no fault in a normal order (RFC 8555 §7.1.6)', () => {
    const { order, found } = promised();
    const made = order();
    const [url = ''] = made.body.authorizations;
    made.sawAnswered(url, challenge('processing'));
    made.sawAuthorization(url, authorization('pending', 'processing'));
    made.sawAuthorization(url, authorization('valid', 'valid'));
    made.saw(answered(made, 'ready'));
    const { csr, key } = certificate(made.plan.names);
    made.requests.push({ csr, key });
    for (const status of ['processing', 'valid', 'valid'] as const) made.saw(answered(made, status));
    expect(found()).toEqual([]);
  });

  it.each([
    ['valid', 'ready'],
    ['valid', 'processing'],
    ['ready', 'pending'],
    ['processing', 'ready'],
  ] as const)('finds an order that was %s and is %s again', (before, after) => {
    const { order, found } = promised();
    const made = order();
    made.requests.push(certificate(made.plan.names));
    made.saw(answered(made, before));
    made.saw(answered(made, after));
    expect(found()).toContain('contradictory');
  });

  it('finds an order that failed although its challenges were answered', () => {
    const { order, found } = promised();
    const made = order();
    made.saw(answered(made, 'invalid'));
    expect(found()).toEqual(['lost']);
  });

  it('finds an order that is finished although no CSR was sent', () => {
    const { order, found } = promised();
    const made = order();
    made.saw(answered(made, 'processing'));
    expect(found()).toEqual(['contradictory']);
  });

  it('finds an order that is ready although CAA forbids its name', () => {
    const { order, found } = promised();
    const made = order({ conduct: 'forbidden' });
    made.saw(answered(made, 'ready'));
    expect(found()).toEqual(['contradictory']);
  });

  it('finds an order whose names or authorizations changed', () => {
    const { order, found } = promised();
    const made = order();
    made.saw({ ...answered(made, 'pending'), authorizations: ['https://ra.test/acme/authz/other'] });
    expect(found()).toEqual(['contradictory']);
  });

  it('finds an answered challenge that was lost (§7.5.1)', () => {
    const { order, found } = promised();
    const made = order();
    const [url = ''] = made.body.authorizations;
    made.sawAuthorization(url, authorization('pending', 'pending'));
    expect(found()).toEqual([]);
    made.sawAnswered(url, challenge('processing'));
    made.sawAuthorization(url, authorization('pending', 'pending'));
    expect(found()).toEqual(['lost']);
  });

  it('finds an authorization that was valid and no longer is', () => {
    const { order, found } = promised();
    const made = order();
    const [url = ''] = made.body.authorizations;
    made.sawAuthorization(url, authorization('valid', 'valid'));
    made.sawAuthorization(url, authorization('pending', 'pending'));
    expect(found()).toEqual(['contradictory']);
  });

  it('finds one URL used for two orders', () => {
    const { ledger, account, order, found } = promised();
    const made = order();
    ledger.openOrder(account, made.url, made.body, made.plan);
    expect(found()).toEqual(['doubled']);
  });
});

describe('the ledger of certificates', () => {
  it('accepts the same octets at every download, and finds different ones', () => {
    const { ledger, certified, found } = promised();
    const { order, chain } = certified();
    ledger.sawChain(order, chain);
    expect(found()).toEqual([]);
    ledger.sawChain(order, certificate(order.plan.names).chain);
    expect(found()).toEqual(['doubled']);
  });

  it('finds a certificate for a key that was never sent, or for other names', () => {
    const { ledger, order, found } = promised();
    const made = order();
    made.requests.push(certificate(made.plan.names));
    ledger.sawChain(made, certificate(made.plan.names).chain);
    expect(found()).toEqual(['contradictory']);
    const other = order();
    const wrong = certificate(['elsewhere.crash.test']);
    other.requests.push(wrong);
    ledger.sawChain(other, wrong.chain);
    expect(found()).toEqual(['contradictory', 'contradictory']);
  });

  it('finds a duplicate serial', () => {
    const { ledger, order, found } = promised();
    const shared = certificate(['same.crash.test']);
    for (const made of [order({ names: ['same.crash.test'] }), order({ names: ['same.crash.test'] })]) {
      made.requests.push(shared);
      ledger.sawChain(made, shared.chain);
    }
    expect(found()).toEqual(['doubled']);
  });
});

describe('the ledger of revocations', () => {
  const serial = ({ leaf }: PromisedOrder) => plainSerial(leaf?.serialNumber ?? '0');

  it('requires every promised revocation on every CRL, with its reason (RFC 5280 §5.3.1)', () => {
    const { ledger, certified, found } = promised();
    const { order } = certified();
    order.revocation = { reason: 4, promised: true };
    ledger.sawCrl({ number: 1n, reasons: new Map([[serial(order), 4]]) });
    expect(found()).toEqual([]);
    ledger.sawCrl({ number: 2n, reasons: new Map([[serial(order), 1]]) });
    expect(found()).toEqual(['contradictory']);
    ledger.sawCrl({ number: 3n, reasons: new Map() });
    expect(found()).toEqual(['contradictory', 'lost']);
  });

  it('accepts either outcome of an unanswered revocation, but no change back', () => {
    const { ledger, certified, found } = promised();
    const { order } = certified();
    order.revocation = { reason: undefined, promised: false };
    ledger.sawCrl({ number: 1n, reasons: new Map() });
    ledger.sawCrl({ number: 2n, reasons: new Map([[serial(order), null]]) });
    expect(found()).toEqual([]);
    ledger.sawCrl({ number: 3n, reasons: new Map() });
    expect(found()).toEqual(['lost']);
  });

  it('finds an unrequested revocation, and a CRL older than the previous one', () => {
    const { ledger, certified, found } = promised();
    const { order } = certified();
    ledger.sawCrl({ number: 2n, reasons: new Map([[serial(order), 1]]) });
    ledger.sawCrl({ number: 1n, reasons: new Map() });
    expect(found()).toEqual(['contradictory', 'contradictory']);
  });
});

describe('the ledger of accounts', () => {
  const here = (url = 'https://ra.test/acme/account/a1', contact = ['mailto:a@crash.test']): KeyAnswer => ({
    url,
    contact,
  });
  const answers = (...pairs: [SigningKey, KeyAnswer][]) => new Map(pairs);

  it.each([
    ['is not found by its key (RFC 8555 §7.3.1)', 'unknown', 'lost'],
    ['has become another account', here('https://ra.test/acme/account/a2'), 'doubled'],
    ['has a contact that was never set', here(undefined, ['mailto:z@crash.test']), 'lost'],
    ['is deactivated without a request', 'deactivated', 'contradictory'],
  ] as const)('finds an account that %s', (_, answer, fault) => {
    const { account, key, found } = promised();
    account.saw(answers([key, here()]));
    expect(found()).toEqual([]);
    account.saw(answers([key, answer]));
    expect(found()).toEqual([fault]);
  });

  it('finds a lost deactivation (§7.3.6)', () => {
    const { account, key, found } = promised();
    account.deactivated = true;
    account.saw(answers([key, 'deactivated']));
    expect(found()).toEqual([]);
    account.saw(answers([key, here()]));
    expect(found()).toEqual(['lost']);
  });

  it('accepts either outcome of an unanswered key change, but not both (§7.3.5)', () => {
    const done = promised();
    const next = generateSigningKey();
    done.account.unanswered = { key: next };
    expect(done.account.keys()).toContain(next);
    done.account.saw(answers([done.key, 'unknown'], [next, here()]));
    expect([done.account.key, done.found()]).toEqual([next, []]);

    const undone = promised();
    undone.account.unanswered = { key: next };
    undone.account.saw(answers([undone.key, here()], [next, 'unknown']));
    expect([undone.account.key, undone.found()]).toEqual([undone.key, []]);

    const both = promised();
    both.account.unanswered = { key: next };
    both.account.saw(answers([both.key, here()], [next, here()]));
    expect(both.found()).toEqual(['doubled']);

    const neither = promised();
    neither.account.unanswered = { key: next };
    neither.account.saw(answers([neither.key, 'unknown'], [next, 'unknown']));
    expect(neither.found()).toEqual(['lost']);
  });

  it('accepts the old or the new contact after an unanswered update, and only that one from then on', () => {
    const { account, key, found } = promised();
    account.unanswered = { contact: ['mailto:b@crash.test'] };
    account.saw(answers([key, here(undefined, ['mailto:b@crash.test'])]));
    expect(found()).toEqual([]);
    account.saw(answers([key, here()]));
    expect(found()).toEqual(['lost']);
  });

  it('requires every order in the account’s list, and no more than were requested (§7.1.2.1)', () => {
    const { account, order, found } = promised();
    const { url } = order();
    account.sawOrders([url]);
    account.unansweredOrders = 1;
    account.sawOrders([url, 'https://ra.test/acme/order/unanswered']);
    expect(found()).toEqual([]);
    account.sawOrders([]);
    expect(found()).toEqual(['lost']);
    account.sawOrders([url, 'https://ra.test/acme/order/1', 'https://ra.test/acme/order/2']);
    expect(found()).toEqual(['lost', 'doubled']);
  });
});
