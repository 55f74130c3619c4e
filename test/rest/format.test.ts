import { describe, expect, it } from 'vitest';
import { preferred } from '../../src/rest/format.js';

const FORMATS = { pem: 'application/x-pem-file', der: 'application/pkix-cert', json: 'application/json' };

describe('the format that Accept prefers (RFC 9110 §12.5.1)', () => {
  it.each([
    ['', 'pem'],
    ['*/*', 'pem'],
    ['application/*', 'pem'],
    ['text/html', 'pem'],
    ['application/json', 'json'],
    ['Application/JSON ; Q=0.5', 'json'],
    ['application/json, text/plain, */*', 'json'],
    ['*/*, application/json', 'json'],
    ['application/json, application/pkix-cert', 'json'],
    ['application/pkix-cert, application/json', 'der'],
    ['application/json;q=0.1, application/pkix-cert', 'der'],
    ['application/json;q=0.001, text/html', 'json'],
    ['application/x-pem-file;q=0', 'der'],
    ['application/x-pem-file;q=0, */*', 'der'],
    ['application/x-pem-file;q=0, application/pkix-cert;q=0.0, application/*;q=0.3', 'json'],
    ['application/json;q=0.2, */*;q=0.1', 'json'],
    ['application/json;q=0.1, */*;q=0.2', 'pem'],
    ['*/*;q=0', 'pem'],
    ['application/json;q=7, application/pkix-cert;q=0.9', 'json'],
    [';;;,,q=,', 'pem'],
  ])('of %j is %s', (accept, format) => {
    expect(preferred(FORMATS, accept)).toBe(format);
  });
});
