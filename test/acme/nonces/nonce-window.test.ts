import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NonceWindow } from '../../../src/acme/nonces/nonce-window.js';

const HOUR = 3600_000;

describe('replay nonces (RFC 8555 §6.5)', () => {
  it('are base64url (§6.5.1) and all different', () => {
    const nonces = new NonceWindow();
    const made = Array.from({ length: 1000 }, () => nonces.mint());
    expect(new Set(made).size).toBe(1000);
    for (const nonce of made) expect(nonce).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('are accepted once, in any order', () => {
    const nonces = new NonceWindow({ window: 1024 });
    fc.assert(
      fc.property(fc.array(fc.nat(63), { maxLength: 100 }), (picks) => {
        const made = Array.from({ length: 64 }, () => nonces.mint());
        const seen = new Set<number>();
        for (const pick of picks) {
          expect(nonces.spend(made[pick] ?? '')).toBe(seen.has(pick) ? 'spent' : 'ok');
          seen.add(pick);
        }
      }),
    );
  });

  it('are unknown when a single bit differs', () => {
    const nonces = new NonceWindow();
    const nonce = Buffer.from(nonces.mint(), 'base64url');
    for (let bit = 0; bit < nonce.length * 8; bit++) {
      const changed = Buffer.from(nonce);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(nonces.spend(changed.toString('base64url'))).toBe('unknown');
    }
    expect(nonces.spend(nonce.toString('base64url'))).toBe('ok');
  });

  it('are unknown after a restart', () => {
    const before = new NonceWindow().mint();
    expect(new NonceWindow().spend(before)).toBe('unknown');
  });

  it('expire with time', () => {
    let now = 1_800_000_000_000;
    const nonces = new NonceWindow({ clock: () => now, lifetime: HOUR });
    const [early, late] = [nonces.mint(), nonces.mint()];
    now += HOUR;
    expect(nonces.spend(early)).toBe('ok');
    now += 1000;
    expect(nonces.spend(late)).toBe('expired');
  });

  it('expire once the window has wrapped around, and stay unusable', () => {
    const nonces = new NonceWindow({ window: 64 });
    const old = nonces.mint();
    const spent = nonces.mint();
    expect(nonces.spend(spent)).toBe('ok');
    for (let count = 0; count < 62; count++) nonces.mint();
    expect(nonces.spend(old)).toBe('ok');
    expect(nonces.spend(spent)).toBe('spent');
    nonces.mint();
    nonces.mint();
    expect(nonces.spend(old)).toBe('expired');
    expect(nonces.spend(spent)).toBe('expired');
  });

  it('answers any text with a verdict', () => {
    const nonces = new NonceWindow();
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        expect(nonces.spend(text)).toBe('unknown');
      }),
    );
  });

  it('refuses a window its ring cannot hold', () => {
    expect(() => new NonceWindow({ window: 33 })).toThrow(RangeError);
  });
});
