import { afterEach, describe, expect, it } from 'vitest';
import { type AcmeProfile, CaUnavailable } from '../../../src/model/ca.js';
import { type CheckedName, NameCheck } from '../../../src/ra/operator/check.js';
import { DEFAULT_POLICY, type Policy } from '../../../src/ra/policy.js';
import { createValidator, type ValidatorOptions } from '../../../src/va/validator.js';
import { alpnCertificate, httpServer, tlsServer } from '../../../tools/kit/challenge-servers.js';
import { type DnsServer, startDns, type ZoneAnswer } from '../../../tools/kit/dns-server.js';

const NAME = 'app.plant.test';
const HERE = { [`A ${NAME}`]: { records: [{ a: '127.0.0.1' }] } };
const PROFILES: AcmeProfile[] = ['server', 'webapp'].map((name) => ({
  name,
  description: '',
  maxValidity: 1,
}));
const NOW = Date.UTC(2026, 10, 30, 12);

const open: { close(): Promise<void> }[] = [];
const closing = <T extends { close(): Promise<void> }>(opened: T): T => {
  open.push(opened);
  return opened;
};
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

interface World {
  zone?: Record<string, ZoneAnswer>;
  policy?: Partial<Policy>;
  validator?: ValidatorOptions;
  troubles?: () => Promise<string[]>;
  profile?: string;
  name?: string;
  resolvers?: DnsServer[];
}

/** `upki check` of a name before real servers; those of the ports are closed unless given. */
async function check({
  zone = HERE,
  policy,
  validator,
  troubles,
  profile,
  name = NAME,
  resolvers,
}: World = {}) {
  const dns = resolvers ?? [closing(await startDns(zone))];
  const checks = new NameCheck({
    policy: { ...DEFAULT_POLICY, ...policy },
    ca: { profiles: async () => PROFILES },
    troubles: troubles ?? (async () => []),
    validator: createValidator({ resolvers: dns, httpPort: 1, tlsPort: 1, timeout: 4_000, ...validator }),
    clock: () => NOW,
  });
  return checks.check(name, profile);
}

const web = async (
  handler: Parameters<typeof httpServer>[0] = (_, response) => response.writeHead(404).end(),
) => ({ httpPort: closing(await httpServer(handler)).port }) as const;

/** What was seen at a step: target, outcome and whether it will do. */
const seen = ({ findings }: CheckedName, step: string) =>
  findings
    .filter((each) => each.step === step)
    .map(({ target, outcome, ok }) => `${ok ? 'ok' : 'NO'} ${target}: ${outcome}`);

describe('upki check: a name on its way to a certificate', () => {
  it('that is served is issued with the default profile, and every step shows its result', async () => {
    const validator = await web();
    const found = await check({ validator, policy: { allowed: ['plant.test'] } });
    expect(found).toMatchObject({ name: NAME, profile: 'server' });
    expect(seen(found, 'policy')).toEqual([`ok ${NAME}: allowed by "plant.test" of UPKI_RA_ALLOW`]);
    expect(seen(found, 'resolver')).toEqual([expect.stringMatching(/^ok 127\.0\.0\.1:\d+: 127\.0\.0\.1$/)]);
    expect(seen(found, 'caa')).toEqual(
      [NAME, 'plant.test', 'test'].map((each) => `ok ${each}: no CAA records`),
    );
    expect(seen(found, 'http-01')).toEqual([
      expect.stringMatching(/^ok 127\.0\.0\.1:\d+: /),
      expect.stringMatching(/^ok app\.plant\.test: .*404/),
    ]);
    expect(seen(found, 'tls-alpn-01').every((line) => line.startsWith('NO'))).toBe(true);
    expect(seen(found, 'dns-01')).toEqual([
      `ok _acme-challenge.${NAME}: can be asked for; no TXT record now`,
    ]);
    expect(seen(found, 'clock')).toEqual(['ok RA: 2026-11-30T12:00:00.000Z, the CA agrees']);
    expect(seen(found, 'profile')).toEqual(['ok server: on offer']);
  });

  it.each<[string, Partial<Policy>, string]>([
    [
      'by the entry of the deny list',
      { denied: ['plant.test'] },
      'NO app.plant.test: denied by "plant.test" of UPKI_RA_DENY',
    ],
    [
      'by the allow list',
      { allowed: ['else.test'] },
      'NO app.plant.test: nothing in UPKI_RA_ALLOW allows it',
    ],
  ])('is refused %s, whatever else is right', async (_, policy, why) => {
    const found = await check({ validator: await web(), policy });
    expect([seen(found, 'policy'), found.profile]).toEqual([[why], null]);
  });

  it('of a wildcard is denied where a name below it is', async () => {
    const found = await check({ name: '*.plant.test', policy: { denied: ['secret.plant.test'] } });
    expect(seen(found, 'policy')).toEqual(['NO *.plant.test: denied by "secret.plant.test" of UPKI_RA_DENY']);
  });

  it('queries every resolver and shows each answer', async () => {
    const [good, wrong, silent] = [
      closing(await startDns(HERE)),
      closing(await startDns({ [`A ${NAME}`]: { rcode: 2 }, [`AAAA ${NAME}`]: { rcode: 2 } })),
      closing(await startDns({}, () => 'silence')),
    ];
    const found = await check({ resolvers: [good, wrong, silent], validator: await web() });
    const lines = seen(found, 'resolver');
    expect(lines[0]).toMatch(/^ok .*: 127\.0\.0\.1$/);
    expect(lines[1]).toMatch(/^NO .*SERVFAIL/);
    expect(lines[2]).toMatch(/^NO 127\.0\.0\.1:\d+: /);
  }, 20_000);

  it('shows CAA at each level, and the one that forbids', async () => {
    const zone = {
      ...HERE,
      'CAA plant.test': { records: [{ caa: { flags: 0, tag: 'issue', value: 'letsencrypt.org' } }] },
    };
    const found = await check({
      zone,
      validator: { ...(await web()), caa: { mode: 'lenient', identities: ['pki.plant.test'] } },
    });
    const [own, above, top] = seen(found, 'caa');
    expect([own, top]).toEqual([`ok ${NAME}: no CAA records`, 'ok test: no CAA records']);
    expect(above).toMatch(/^NO plant\.test: issue "letsencrypt\.org": /);
    expect(found.profile).toBeNull();
    zone['CAA plant.test'].records[0] = { caa: { flags: 0, tag: 'issue', value: 'pki.plant.test' } };
    const allowed = await check({
      zone,
      validator: { ...(await web()), caa: { mode: 'lenient', identities: ['pki.plant.test'] } },
    });
    expect([seen(allowed, 'caa')[1], allowed.profile]).toEqual([
      'ok plant.test: issue "pki.plant.test"',
      'server',
    ]);
  });

  it.each([
    'lenient',
    'strict',
  ] as const)('CAA that cannot be asked for counts in mode %s as in a validation', async (mode) => {
    const zone = { ...HERE, [`CAA ${NAME}`]: { rcode: 2 } };
    const found = await check({ zone, validator: { ...(await web()), caa: { mode, identities: [] } } });
    expect(found.profile).toBe(mode === 'lenient' ? 'server' : null);
    expect(seen(found, 'caa')[0]).toMatch(mode === 'lenient' ? /^ok .*SERVFAIL/ : /^NO .*SERVFAIL/);
  });

  it('shows which addresses are not dialed, and by which rule', async () => {
    const zone = { [`A ${NAME}`]: { records: [{ a: '169.254.169.254' }, { a: '127.0.0.1' }] } };
    const partly = await check({ zone, validator: await web() });
    expect(partly.profile).toBe('server');
    expect(seen(partly, 'http-01')[0]).toMatch(
      /169\.254\.169\.254: not dialed: 169\.254\.0\.0\/16 of UPKI_VA_DENY/,
    );
    const own = await check({ validator: { ...(await web()), deny: ['127.0.0.0/8'] } });
    expect(own.profile).toBeNull();
    expect(seen(own, 'http-01')[0]).toMatch(/^NO 127\.0\.0\.1: not dialed: 127\.0\.0\.0\/8 of UPKI_VA_DENY/);
  });

  it('follows redirects as a validation does, and reports a forbidden target', async () => {
    const validator = await web((request, response) => {
      if (request.url?.startsWith('/.well-known/')) response.writeHead(302, { Location: '/elsewhere' });
      else response.writeHead(404);
      response.end();
    });
    const found = await check({ validator });
    expect(found.profile).toBe('server');
    expect(seen(found, 'http-01').filter((line) => /127\.0\.0\.1:\d+/.test(line)).length).toBeGreaterThan(1);
    const inward = await web((_, response) => {
      response.writeHead(302, { Location: 'http://169.254.169.254/latest' }).end();
    });
    const refused = await check({ validator: inward });
    expect(seen(refused, 'http-01').join('\n')).toMatch(/169\.254\.169\.254: not dialed/);
    expect(refused.profile).toBeNull();
  });

  it('is reachable only by tls-alpn-01', async () => {
    const server = closing(
      await tlsServer(alpnCertificate({ names: [NAME], keyAuthorization: 'other' }), {
        ALPNProtocols: ['acme-tls/1'],
      }),
    );
    const found = await check({ validator: { tlsPort: server.port } });
    expect(seen(found, 'http-01').every((line) => line.startsWith('NO'))).toBe(true);
    expect(seen(found, 'tls-alpn-01')[0]).toMatch(/^ok 127\.0\.0\.1:\d+: /);
    expect(found.profile).toBe('server');
  });

  it('is not issued where both ports are closed, and reports each port', async () => {
    const found = await check();
    expect(found.profile).toBeNull();
    expect(seen(found, 'http-01').join('\n')).toMatch(/127\.0\.0\.1:1: .*refused/);
    expect(seen(found, 'tls-alpn-01').join('\n')).toMatch(/127\.0\.0\.1:1: .*refused/);
  });

  it('of a wildcard is dns-01: nothing is dialed, and the reason why its record cannot be queried is reported', async () => {
    const wildcard = await check({ name: '*.plant.test', zone: {} });
    expect([wildcard.profile, seen(wildcard, 'http-01'), seen(wildcard, 'tls-alpn-01')]).toEqual([
      'server',
      [],
      [],
    ]);
    const broken = await check({
      name: '*.plant.test',
      zone: { 'TXT _acme-challenge.plant.test': { rcode: 2 } },
    });
    expect([broken.profile, seen(broken, 'dns-01')[0]]).toEqual([
      null,
      expect.stringMatching(/^NO .*SERVFAIL/),
    ]);
  });

  it('of an address queries no DNS and dials it', async () => {
    const dns = closing(await startDns());
    const found = await check({ name: '127.0.0.1', resolvers: [dns], validator: await web() });
    expect([found.profile, seen(found, 'caa'), seen(found, 'resolver'), dns.questions]).toEqual([
      'server',
      [],
      [],
      [],
    ]);
  });

  it('reports clocks that disagree, a CA that cannot work or is unreachable, and profiles that do not exist', async () => {
    const validator = await web();
    const skew = await check({
      validator,
      troubles: async () => ['the clocks of RA and CA differ by a year'],
    });
    expect([skew.profile, seen(skew, 'clock')]).toEqual([
      null,
      ['NO RA: the clocks of RA and CA differ by a year'],
    ]);
    const ended = await check({ validator, troubles: async () => ['the issuer ended'] });
    expect([ended.profile, seen(ended, 'ca')]).toEqual([null, ['NO server: the issuer ended']]);
    const away = await check({ validator, troubles: () => Promise.reject(new CaUnavailable('away')) });
    expect([away.profile, seen(away, 'ca')]).toEqual([
      null,
      ['NO server: the certificate authority does not answer'],
    ]);
    const other = await check({ validator, profile: 'webapp' });
    expect([other.profile, seen(other, 'profile')]).toEqual(['webapp', ['ok webapp: on offer']]);
    const none = await check({ validator, profile: 'none' });
    expect([none.profile, seen(none, 'ca')[0]]).toEqual([
      null,
      expect.stringContaining('there is no profile "none"'),
    ]);
  });

  it.each([
    '',
    'a b',
    '-x-.test',
    '1.2.3',
    'a.test\n',
    '*.*.test',
  ])('refuses what is no name: %j', async (name) => {
    await expect(check({ name })).rejects.toMatchObject({ code: 'invalidRequest', field: 'name' });
  });
});
