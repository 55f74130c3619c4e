import { describe, expect, it } from 'vitest';
import type { Node } from '../../../src/model/facts.js';
import { acmeLines, exampleName } from '../../../src/rest/enrolment/acme-lines.js';

const dns = (value: string): Node['names'][number] => ({ type: 'dns', value });
const ip = (value: string): Node['names'][number] => ({ type: 'ip', value });

describe('the name in the lines of a node', () => {
  it.each([
    [[dns('press.lan')], ['*.press.lan'], 'press.lan'],
    [[], ['*.press.lan', '10.0.4.0/24'], 'app.press.lan'],
    [[], ['10.0.4.8/29'], '10.0.4.8'],
    [[], ['fd00::1/64'], 'fd00::1'],
    [[ip('10.1.1.1')], ['*.press.lan'], '10.1.1.1'],
    [[dns('*.press.lan'), ip('10.1.1.1')], [], '10.1.1.1'],
    [[dns('*.press.lan')], [], '*.press.lan'],
  ])('of %j and %j is one that it may order and that http-01 proves', (names, patterns, expected) => {
    expect(exampleName({ cn: 'press-17', names, patterns })).toBe(expected);
  });
});

describe('the lines of a node', () => {
  const lines = (name: string) =>
    acmeLines({ directoryUrl: 'https://pki.lan/acme/directory', keyId: 'k', hmac: 'h', name });

  it('order an address as each client wants it', () => {
    expect(lines('10.1.1.1').certbot).toMatch(/ --ip-address 10\.1\.1\.1$/);
    expect(lines('press.lan').certbot).toMatch(/ -d press\.lan$/);
    expect(lines('fd00::1').caddy).toMatch(/^\[fd00::1\] \{/);
  });

  it.each(['certbot', 'lego', 'acme.sh'])('for %s work in a folder whose name has a space', (client) => {
    expect(lines('press.lan')[client]).toContain('"$PWD/upki-root.crt"');
    expect(lines('press.lan')[client]).not.toMatch(/[^"]\$PWD/);
  });
});
