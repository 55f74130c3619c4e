import { describe, expect, it } from 'vitest';
import type { Identifier } from '../../src/model/facts.js';
import { Problem } from '../../src/model/problem.js';
import { NameList, NamePolicy } from '../../src/ra/name-policy.js';

const dns = (value: string): Identifier => ({ type: 'dns', value });
const ip = (value: string): Identifier => ({ type: 'ip', value });

/** Whether an order for the identifier passes. Anything but rejectedIdentifier fails the test. */
function passes(
  policy: Partial<ConstructorParameters<typeof NamePolicy>[0]>,
  identifier: Identifier,
): boolean {
  try {
    new NamePolicy({ allowed: [], denied: [], ...policy }).check([identifier]);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(Problem);
    expect((error as Problem).type).toBe('rejectedIdentifier');
    return false;
  }
}

describe("the operator's lists of names", () => {
  const list = new NameList(['Plant.Internal', '10.0.0.0/8', 'fd00::/8', '192.0.2.1']);
  it.each([
    [dns('plant.internal'), true],
    [dns('a.b.plant.internal'), true],
    [dns('*.plant.internal'), true],
    [dns('xplant.internal'), false],
    [dns('internal'), false],
    [ip('10.1.2.3'), true],
    [ip('11.1.2.3'), false],
    [ip('fd00::1'), true],
    [ip('192.0.2.1'), true],
  ])('the list covers %j: %s', (identifier, expected) => {
    expect(list.covers(identifier)).toBe(expected);
  });

  it.each(['10.0.0.0/33', 'a b', '*.x', '1.2.3'])('the entry %j is refused', (entry) => {
    expect(() => new NameList([entry])).toThrow();
  });

  it('RFC 8555 §7.4: a name that is not allowed, or denied, is rejectedIdentifier', () => {
    const policy = new NamePolicy({ allowed: ['internal'], denied: ['pki.internal'] });
    expect(() => policy.check([dns('app.internal')])).not.toThrow();
    for (const identifiers of [
      [dns('example.com')],
      [dns('x.pki.internal')],
      [dns('a.test'), dns('b.test')],
    ]) {
      try {
        policy.check(identifiers);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(Problem);
        expect((error as Problem).type).toBe('rejectedIdentifier');
        expect((error as Problem).options.subproblems?.length ?? 1).toBe(identifiers.length);
      }
    }
  });
});

describe('what the CA’s issuer may certify (RFC 5280 §4.2.1.10)', () => {
  const constraints = () => [
    {
      permitted: [{ type: 'dns' as const, value: 'plant.lan' }],
      excluded: [{ type: 'ip' as const, value: '0.0.0.0/0' }],
      others: false,
    },
  ];
  it.each([
    [dns('a.plant.lan'), true],
    [dns('*.plant.lan'), true],
    [dns('other.lan'), false],
    [ip('10.0.0.1'), false],
  ])('decides about %j beside the operator’s lists: %j', (identifier, expected) => {
    expect(passes({ constraints }, identifier)).toBe(expected);
    expect(passes({ constraints, denied: ['a.plant.lan'] }, dns('a.plant.lan'))).toBe(false);
  });

  it('counts from the moment it is another', () => {
    let now = constraints();
    const policy = new NamePolicy({ allowed: [], denied: [], constraints: () => now });
    expect(() => policy.check([dns('other.lan')])).toThrow(
      /outside of what this authority may certify: plant\.lan/,
    );
    now = [];
    policy.check([dns('other.lan')]);
  });

  it('decides about every kind of name a node may have', () => {
    const policy = new NamePolicy({ allowed: [], denied: [], constraints });
    expect(
      policy.forbidden([
        { type: 'dns', value: 'x.other.lan' },
        { type: 'email', value: 'a@plant.lan' },
      ]),
    ).toEqual(['x.other.lan']);
  });
});

describe('a denied name is denied in every certificate that is good for it', () => {
  const policy = { denied: ['secret.corp.test', 'com'] };
  it.each([
    ['secret.corp.test', false],
    ['a.secret.corp.test', false],
    ['*.secret.corp.test', false],
    ['*.corp.test', false],
    ['*.test', true],
    ['*.a.corp.test', true],
    ['corp.test', true],
    ['other.corp.test', true],
    ['*.example.com', false],
  ])('%s passes: %s', (name, expected) => {
    expect(passes(policy, dns(name))).toBe(expected);
  });

  it('an allowed name below a wildcard does not allow the wildcard', () => {
    expect(passes({ allowed: ['app.corp.test'] }, dns('*.corp.test'))).toBe(false);
    expect(passes({ allowed: ['app.corp.test'] }, dns('*.app.corp.test'))).toBe(true);
  });
});

describe('an address is denied and allowed in every spelling', () => {
  const spellings = [
    '10.1.2.3',
    '::ffff:10.1.2.3',
    '::ffff:a01:203',
    '0:0:0:0:0:FFFF:0A01:0203',
    '::10.1.2.3',
    '::a01:203',
    '::ffff:0:10.1.2.3',
    '64:ff9b::10.1.2.3',
    '64:ff9b::a01:203',
  ];
  it.each(spellings)('%s falls under 10.0.0.0/8', (value) => {
    expect(passes({ denied: ['10.0.0.0/8'] }, ip(value))).toBe(false);
    expect(passes({ denied: ['10.1.2.3'] }, ip(value))).toBe(false);
    expect(passes({ denied: ['11.0.0.0/8'] }, ip(value))).toBe(true);
    expect(passes({ allowed: ['10.0.0.0/8'] }, ip(value))).toBe(true);
    expect(passes({ allowed: ['11.0.0.0/8'] }, ip(value))).toBe(false);
  });

  it.each([
    '::ffff:10.0.0.0/104',
    '::10.0.0.0/104',
    '64:ff9b::10.0.0.0/104',
    '::ffff:10.1.2.3',
  ])('the entry %s denies 10.1.2.3 and its mapped form', (entry) => {
    expect(passes({ denied: [entry] }, ip('10.1.2.3'))).toBe(false);
    expect(passes({ denied: [entry] }, ip('::ffff:a01:203'))).toBe(false);
    expect(passes({ denied: [entry] }, ip('11.1.2.3'))).toBe(true);
  });

  it.each([
    ['6to4', '2002:a01:203::1'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:f5fe:fdfc'],
    ['ISATAP', 'fe80::5efe:a01:203'],
    ['local NAT64 with a /96', '64:ff9b:1::a01:203'],
    ['local NAT64 with a /48', '64:ff9b:1:a01:2:300::'],
  ])('an address that leads to a denied one by %s is denied, and not allowed by it', (_, value) => {
    expect(passes({ denied: ['10.0.0.0/8'] }, ip(value))).toBe(false);
    expect(passes({ allowed: ['10.0.0.0/8'] }, ip(value))).toBe(false);
  });

  it('loopback and the unspecified address of IPv6 are no spelling of an IPv4 address', () => {
    expect(passes({ denied: ['0.0.0.0/8'] }, ip('::1'))).toBe(true);
    expect(passes({ denied: ['127.0.0.0/8'] }, ip('::1'))).toBe(true);
  });
});
