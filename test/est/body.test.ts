import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { basicCredentials } from '../../src/est/basic.js';
import { readEstRequest, toBase64 } from '../../src/est/body.js';
import { isDevice } from '../../src/est/device.js';
import { Refused } from '../../src/model/refusal.js';
import { createCsr } from '../../tools/kit/csr.js';

const { der } = createCsr(['cam.example.test']);
const base64 = Buffer.from(der).toString('base64');

describe('the body of a request (RFC 8951 §3.1)', () => {
  it.each([
    ['without line breaks', base64],
    ['in lines with CRLF', toBase64(der, 'curl/8').replaceAll('\n', '\r\n')],
    ['in lines with LF and spaces around', ` \n${toBase64(der, 'curl/8')}\n\t`],
    ['PEM', `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----\n`],
    [
      'PEM as old OpenSSL has it',
      `-----BEGIN NEW CERTIFICATE REQUEST-----\n${base64}\n-----END NEW CERTIFICATE REQUEST-----`,
    ],
  ])('%s', (_, text) => {
    expect(readEstRequest(Buffer.from(text)).der.equals(der)).toBe(true);
  });

  it('anything else is refused with a reason, and nothing makes it throw otherwise', () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.uint8Array().map((each) => Buffer.from(Buffer.from(each).toString('base64'))),
      fc
        .nat({ max: der.length - 1 })
        .map((length) => Buffer.from(Buffer.from(der.subarray(0, length)).toString('base64'))),
    );
    fc.assert(
      fc.property(bytes, (body) => {
        expect(() => readEstRequest(Buffer.from(body))).toThrow(Refused);
      }),
    );
    expect(() => readEstRequest(undefined)).toThrow(Refused);
  });
});

describe('Basic credentials (RFC 7617)', () => {
  const header = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  it('a name and a seed, which may hold colons', () => {
    expect(basicCredentials(header('cam.test:a:b'))).toEqual({ name: 'cam.test', seed: 'a:b' });
    expect(basicCredentials(header('cam.test:x').replace('Basic', 'BASIC'))).toEqual({
      name: 'cam.test',
      seed: 'x',
    });
  });
  it.each([
    undefined,
    '',
    'Basic',
    'Basic ',
    'Bearer abc',
    'Basic ###',
    header('no colon'),
  ])('%j is none', (text) => {
    expect(basicCredentials(text)).toBeNull();
  });
});

describe('which node a device is', () => {
  it.each([
    [['cam-1.plant.lan'], 'cam-1.plant.lan', true],
    [['cam-1'], 'cam-1.plant.lan', true],
    [['cam-1'], 'CAM-1', true],
    [['cam-1'], 'cam-10.plant.lan', false],
    [['cam-1.plant'], 'cam-1.plant.lan', false],
    [['cam'], 'cam-1.plant.lan', false],
    [[], 'cam-1.plant.lan', false],
  ])('%j as %s: %s', (names, cn, is) => {
    expect(isDevice(names, cn)).toBe(is);
  });
});

describe('the body of an answer', () => {
  const der = Buffer.alloc(3000, 7);

  it('is base64 in lines that openssl base64 -d and libest read', () => {
    const lines = toBase64(der, 'curl/8.5.0').split('\n');
    expect(lines.pop()).toBe('');
    expect(Math.max(...lines.map((line) => line.length))).toBe(64);
    expect(Buffer.from(lines.join(''), 'base64').equals(der)).toBe(true);
  });

  it('has no line breaks for a client without User-Agent, which strongSwan is (RFC 8951 §3.1)', () => {
    expect(toBase64(der, undefined)).toBe(der.toString('base64'));
  });
});
