import { describe, expect, it } from 'vitest';
import type { KnownAuthority } from '../../src/model/ca.js';
import { isToBeReplaced, trustedRoots } from '../../src/ra/ca/authorities.js';
import { renewalWindow } from '../../src/ra/renewal-info.js';

const DAY = 86_400_000;

describe('after a compromise of the issuer (RFC 9773 §4.2)', () => {
  const certificate = { notBefore: 0, notAfter: 90 * DAY, revokedAt: null };

  it('the window of its earlier certificates begins now and lasts an hour', () => {
    const at = 10 * DAY;
    expect(renewalWindow(certificate, at, at)).toEqual({ start: at, end: at + 3600_000 });
  });

  it('a certificate that is renewed by then anyway, or issued later, keeps its window', () => {
    const usual = renewalWindow(certificate, 0);
    expect(renewalWindow(certificate, 0, 80 * DAY)).toEqual(usual);
    expect(renewalWindow(certificate, 0, -1)).toEqual(usual);
  });
});

it('the window of a certificate that is not valid yet is past: a clock was ahead, and it is replaced now', () => {
  const window = renewalWindow({ notBefore: 10 * DAY, notAfter: 90 * DAY, revokedAt: null }, DAY);
  expect(window.end).toBeLessThan(DAY);
  expect(window.start).toBeLessThan(window.end);
});

describe('what an RA makes of the roots and issuers of its CA', () => {
  const one = (id: string, facts: Partial<KnownAuthority>): KnownAuthority => ({
    id,
    kind: 'issuer',
    state: 'active',
    certificate: `${id}\n`,
    chain: '',
    root: 'old',
    of: null,
    first: false,
    keyId: id,
    renewFrom: null,
    warning: null,
    ...facts,
  });
  const all = [
    one('old', { kind: 'root', state: 'retiring' }),
    one('new', { kind: 'root', root: 'new' }),
    one('gone', { kind: 'root', root: 'gone', state: 'retired' }),
    one('left', {}),
    one('used', { root: 'new' }),
    one('stolen', { root: 'new', renewFrom: 1 }),
  ];

  it('it trusts the roots that are given out, the one in use first', () => {
    expect(trustedRoots(all)).toBe('new\nold\n');
  });

  it('it replaces its certificate when its issuer is compromised or its root is left behind', () => {
    expect(['left', 'used', 'stolen', 'unknown'].map((id) => isToBeReplaced(id, all))).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});
