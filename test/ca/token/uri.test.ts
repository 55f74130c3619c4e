import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isTokenUri,
  keyUri,
  parseTokenUri,
  shownUri,
  TokenUriError,
  withKey,
} from '../../../src/ca/token/uri.js';

const MODULE = 'module-path=/usr/lib/softhsm/libsofthsm2.so';

describe('pkcs11: URIs (RFC 7512)', () => {
  it('name a token, a key in it, the library, and where the PIN is', () => {
    expect(
      parseTokenUri(
        `pkcs11:token=upki;serial=0a1b;slot-id=7;object=issuer%201;id=%01%ff;type=private?${MODULE}&pin-source=file:/etc/pin`,
      ),
    ).toEqual({
      token: { token: 'upki', serial: '0a1b' },
      slotId: 7,
      object: 'issuer 1',
      id: '01ff',
      modulePath: '/usr/lib/softhsm/libsofthsm2.so',
      pinFile: '/etc/pin',
      pin: null,
    });
    expect(parseTokenUri(`pkcs11:?${MODULE}`)).toMatchObject({
      token: {},
      object: null,
      id: null,
      pinFile: null,
      pin: null,
    });
  });

  it.each([
    // The examples of §3, with a library.
    [
      'pkcs11:object=my-key;type=private?pin-source=file:/etc/token',
      { object: 'my-key', pinFile: '/etc/token' },
    ],
    [
      'pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;model=1.0;id=%69%95%3E%5C%F4%BD%EC%91;serial=?pin-source=file:/etc/token_pin',
      {
        token: {
          token: 'The Software PKCS#11 Softtoken',
          manufacturer: 'Snake Oil, Inc.',
          model: '1.0',
          serial: '',
        },
        id: '69953e5cf4bdec91',
      },
    ],
    [
      'pkcs11:token=A%20name%20with%20a%20substring%20%25%3B;object=k?x=1',
      { token: { token: 'A name with a substring %;' } },
    ],
    [
      'pkcs11:token=Name%20with%20a%20small%20A%20with%20acute:%20%C3%A1?x=1',
      { token: { token: 'Name with a small A with acute: á' } },
    ],
    [
      'pkcs11:token=my-token?pin-source=file:/etc/token_pin&vendor-bbb=value-b',
      { token: { token: 'my-token' } },
    ],
    ['PKCS11:token=t?pin-value=1%2634', { pin: '1&34' }],
    ['pkcs11:token=t?pin-source=/run/pin', { pinFile: '/run/pin' }],
    ['pkcs11:token=t?pin-source=file:///run/pin', { pinFile: '/run/pin' }],
  ])('%s is read', (uri, expected) => {
    expect(parseTokenUri(`${uri}&${MODULE}`)).toMatchObject(expected);
  });

  it.each([
    ['pkcs11:object=k;type=public', /type must be private/],
    ['pkcs11:object=k;type=cert', /type must be private/],
    ['pkcs11:object=k;object=l', /has "object" twice/],
    ['pkcs11:object=k;vendor-aaa=value-a', /nobody here knows its attribute "vendor-aaa"/],
    ['pkcs11:object=two words', /must be percent-encoded/],
    ['pkcs11:object=a%2', /must be percent-encoded/],
    ['pkcs11:object', /not a list of name=value/],
    ['pkcs11:token=a;;object=b', /not a list of name=value/],
    ['pkcs11:library-description=x', /"library-description" is not supported/],
    ['pkcs11:slot-id=x', /slot-id is not a number/],
    ['pkcs11:object=k?pin-source=/a&pin-value=1', /both a pin-source and a pin-value/],
    [
      'pkcs11:object=my-sign-key;type=private?pin-source=|/usr/lib/pinomatic',
      /pin-source is a program, which is not run/,
    ],
    ['pkcs11:object=k?pin-source=relative', /begins with a slash/],
    ['pkcs11:object=k?pin-value=1&pin-value=2', /has "pin-value" twice/],
  ])('%s is refused in words', (uri, sentence) => {
    const separator = uri.includes('?') ? '&' : '?';
    expect(() => parseTokenUri(`${uri}${separator}${MODULE}`)).toThrow(sentence);
  });

  it('without a library, or with one by a relative path, are refused', () => {
    expect(() => parseTokenUri('pkcs11:token=upki')).toThrow(
      /must name the library of the token with module-path/,
    );
    expect(() => parseTokenUri('pkcs11:token=upki?module-path=libx.so')).toThrow(
      /module-path must begin with a slash/,
    );
    expect(() => parseTokenUri('file:/etc/key')).toThrow(TokenUriError);
  });

  it('are shown without their PIN, and no refusal holds one', () => {
    expect(shownUri(`pkcs11:token=upki?pin-value=12345&${MODULE}`)).toBe(
      `pkcs11:token=upki?pin-value=…&${MODULE}`,
    );
    expect(shownUri('/etc/ca.key')).toBe('/etc/ca.key');
    const twice = () => parseTokenUri(`pkcs11:token=upki?pin-value=12345&pin-source=/x&${MODULE}`);
    expect(twice).toThrow(/^(?!.*12345)/s);
  });

  it('name a made key by label and identifier, in place of what stood there', () => {
    const made = keyUri(`pkcs11:token=upki;object=old;id=%01?${MODULE}&pin-source=/p`, {
      object: 'upki issuer é',
      id: '0aff',
    });
    expect(made).toBe(
      `pkcs11:token=upki;object=upki%20issuer%20%C3%A9;id=%0a%ff;type=private?${MODULE}&pin-source=/p`,
    );
    expect(parseTokenUri(made)).toMatchObject({
      object: 'upki issuer é',
      id: '0aff',
      pinFile: '/p',
      token: { token: 'upki' },
    });
    expect(parseTokenUri(withKey(`pkcs11:token=upki?${MODULE}`, 'upki ocsp'))).toMatchObject({
      object: 'upki ocsp',
    });
    expect(withKey(`pkcs11:id=%01?${MODULE}`, 'upki ocsp')).toBe(`pkcs11:id=%01?${MODULE}`);
  });

  it('are read, or refused with their own error, whatever the text, and labels survive', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseTokenUri(`pkcs11:${text}`);
        } catch (error) {
          expect(error).toBeInstanceOf(TokenUriError);
        }
      }),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        (object, bytes) => {
          const id = Buffer.from(bytes).toString('hex');
          expect(parseTokenUri(keyUri(`pkcs11:?${MODULE}`, { object, id }))).toMatchObject({ object, id });
        },
      ),
    );
    expect(isTokenUri('-----BEGIN PRIVATE KEY-----')).toBe(false);
  });
});
