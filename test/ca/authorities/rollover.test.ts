import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { OpenAuthorities } from '../../../src/ca/authorities/open.js';
import { describeSet } from '../../../src/ca/authorities/status.js';
import { loadProfiles } from '../../../src/ca/issue/profiles.js';
import { serialFromHex } from '../../../src/channel/serial.js';
import { otherChains } from '../../../src/programs/ra/alternate-chains.js';
import { trustedRoots } from '../../../src/ra/ca/authorities.js';
import { CaClient } from '../../../src/ra/ca/client.js';
import type { CaStore } from '../../../src/store/index.js';
import { authorityKeyId, issuerKeyId, parseCertificate } from '../../../src/x509/certificate.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { firstFromPem, fromPem, toPem } from '../../../src/x509/pem.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';
import { certId, ocspRequest, ocspStatus, readOcsp } from '../../support/ocsp.js';
import { requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';

const run = promisify(execFile);
const DAY = 86_400_000;
const BY = { who: 'operator test', from: 'local' };
const worlds: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of worlds.splice(0).reverse()) await each.close();
});

async function start(...options: ConstructorParameters<typeof CaWorld>): Promise<CaWorld> {
  const world = await new CaWorld(...options).start();
  worlds.push(world);
  return world;
}

/** What a command on the CA's machine does beside it. */
const beside = <T>(
  world: CaWorld,
  work: (local: OpenAuthorities, store: CaStore) => Promise<T>,
  clock?: () => number,
): Promise<T> => world.onSet(work, clock);

type Client = Awaited<ReturnType<CaWorld['registered']>>;

const sign = async (ra: Client, name: string) => {
  const { certificate } = await ra.call('sign', { csr: requestPem([name]) });
  const [leaf, ...chain] = fromPem('CERTIFICATE', certificate).map((der) => parseCertificate(der));
  if (leaf === undefined) throw new Error('no certificate');
  return { pem: certificate, leaf, chain };
};

/** `openssl verify` of a chain, with the CRL of every authority. */
async function opensslVerifies(
  world: CaWorld,
  ra: Client,
  chainPem: string,
  rootPem: string,
): Promise<string> {
  const at = (name: string) => join(world.dataDir, name);
  const { authorities } = await ra.call('get_authorities', {});
  const crls = await Promise.all(
    authorities
      .filter(({ kind }) => kind !== 'cross')
      .map(async ({ id }) =>
        toPem('X509 CRL', Buffer.from(await ra.call('get_crl', { issuer: id }), 'base64')),
      ),
  );
  const [leaf = Buffer.alloc(0), ...above] = fromPem('CERTIFICATE', chainPem);
  await writeFile(at('leaf.pem'), toPem('CERTIFICATE', leaf));
  await writeFile(at('chain.pem'), above.map((der) => toPem('CERTIFICATE', der)).join(''));
  await writeFile(at('root.pem'), rootPem);
  await writeFile(at('crls.pem'), crls.join(''));
  const words = [
    'verify',
    '-crl_check_all',
    '-x509_strict',
    '-CAfile',
    at('root.pem'),
    '-CRLfile',
    at('crls.pem'),
  ];
  const { stdout } = await run('openssl', [...words, '-untrusted', at('chain.pem'), at('leaf.pem')]).catch(
    (error: { stdout: string; stderr: string }) => ({ stdout: error.stdout + error.stderr }),
  );
  return stdout.trim().split('\n').at(-1) ?? '';
}

const ok = /leaf\.pem: OK$/;

describe('a fresh CA', () => {
  it('has one issuer under one root, and openssl -crl_check_all verifies its whole chain', async () => {
    const world = await start({}, { publicUrl: 'http://pki.example.test' });
    const ra = await world.registered();
    const { authorities } = await ra.call('get_authorities', {});
    expect(authorities.map(({ kind, state, key, first }) => ({ kind, state, key, first }))).toEqual([
      { kind: 'root', state: 'active', key: 'here', first: false },
      { kind: 'issuer', state: 'active', key: 'here', first: true },
    ]);
    const { pem } = await sign(ra, 'a.example.test');
    const { root } = await ra.call('get_ca_chain', {});
    expect(await opensslVerifies(world, ra, pem, root)).toMatch(ok);
    const issuer = parseCertificate(firstFromPem('CERTIFICATE', authorities[1]?.certificate ?? ''));
    const text = issuer.der.toString('latin1');
    expect(text).toContain(`http://pki.example.test/crl/${authorities[0]?.id}.crl`);
    expect(text).toContain(`http://pki.example.test/issuer/${authorities[0]?.id}.cer`);
    expect(issuer.notBefore).toBeLessThanOrEqual(Date.now() - 3_590_000);
  });

  it('answers OCSP about its issuer in the name of the root', async () => {
    const world = await start();
    const ra = await world.registered();
    const { authorities } = await ra.call('get_authorities', {});
    const [root, issuer] = authorities.map(({ certificate }) => firstFromPem('CERTIFICATE', certificate));
    if (!root || !issuer) throw new Error('they are missing');
    for (const hash of ['sha1', 'sha256'] as const) {
      const request = ocspRequest([certId(root, parseCertificate(issuer).serial, hash)]);
      const { response } = await ra.call('ocsp_respond', { request: request.toString('base64') });
      expect(readOcsp(Buffer.from(response, 'base64'), root).answers[0]?.status).toBe('good');
    }
  });

  it('answers an OCSP request about certificates of two issuers with unauthorized: no client could verify it (RFC 6960 §4.2.2)', async () => {
    const world = await start();
    const ra = await world.registered();
    const { authorities } = await ra.call('get_authorities', {});
    const [root, issuer] = authorities.map(({ certificate }) => firstFromPem('CERTIFICATE', certificate));
    if (!root || !issuer) throw new Error('they are missing');
    const { leaf } = await sign(ra, 'two.example.test');
    const about = (...ids: Buffer[]) =>
      ra.call('ocsp_respond', { request: ocspRequest(ids).toString('base64') });
    const [own, above] = [certId(issuer, leaf.serial), certId(root, parseCertificate(issuer).serial)];
    for (const both of [await about(own, above), await about(above, own)]) {
      expect(ocspStatus(Buffer.from(both.response, 'base64'))).toBe(6);
      expect(both.this_update).toBeUndefined();
    }
    // Of one issuer, and of nobody's: answered, as is each alone.
    const { response } = await about(own, certId(issuer, '7f00'));
    expect(readOcsp(Buffer.from(response, 'base64'), issuer).answers.map(({ status }) => status)).toEqual([
      'good',
      'unknown',
    ]);
  });

  it('a peer cannot revoke its issuer', async () => {
    const ra = await (await start()).registered();
    const { authorities } = await ra.call('get_authorities', {});
    const { serial } = parseCertificate(firstFromPem('CERTIFICATE', authorities[1]?.certificate ?? ''));
    await expect(ra.call('revoke_serial', { serial: BigInt(`0x${serial}`) })).rejects.toThrow(
      /on its machine/,
    );
  });
});

describe('a rollover of the issuer', () => {
  it('is used by the running CA at once; CRL and OCSP of the old issuer continue', async () => {
    const world = await start();
    const ra = await world.registered();
    const before = await sign(ra, 'before.example.test');
    const made = await beside(world, ({ succession }) => succession.makeIssuer(BY));
    const after = await sign(ra, 'after.example.test');
    expect(authorityKeyId(after.leaf)).toBe(made?.keyId);
    expect(after.chain[0]?.der.equals(made?.der ?? Buffer.alloc(0))).toBe(true);
    const { root } = await ra.call('get_ca_chain', {});
    for (const { pem } of [before, after]) expect(await opensslVerifies(world, ra, pem, root)).toMatch(ok);
    await ra.call('revoke', { dn: 'before.example.test', reason: 'keyCompromise' });
    expect(await opensslVerifies(world, ra, before.pem, root)).toMatch(/verification failed/);
    expect(await opensslVerifies(world, ra, after.pem, root)).toMatch(ok);
    const crlOf = async (issuer?: string) =>
      parseCrl(Buffer.from(await ra.call('get_crl', issuer === undefined ? {} : { issuer }), 'base64'));
    expect((await crlOf('first')).entries.map(({ serial }) => serial)).toEqual([before.leaf.serial]);
    expect((await crlOf()).entries).toEqual([]);
    for (const [{ leaf, chain }, status] of [
      [before, 'revoked'],
      [after, 'good'],
    ] as const) {
      const [issuer] = chain;
      if (issuer === undefined) throw new Error('no issuer');
      const request = ocspRequest([certId(issuer.der, leaf.serial)]).toString('base64');
      const { response } = await ra.call('ocsp_respond', { request });
      expect(readOcsp(Buffer.from(response, 'base64'), issuer.der).answers[0]?.status).toBe(status);
    }
    const { authorities } = await ra.call('get_authorities', {});
    expect(authorities.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      'root active',
      'issuer retiring',
      'issuer active',
    ]);
  });

  it('is done by the CA itself at half of the issuer’s lifetime, once, and survives a restart', async () => {
    let now = Date.now();
    const world = await start({ clock: () => now });
    const ra = await world.registered();
    await sign(ra, 'a.example.test');
    await world.stop();
    now += 913 * DAY;
    for (let round = 0; round < 2; round += 1) {
      await world.start();
      const { authorities } = await (await world.registered(`ra${round}.example.test`)).call(
        'get_authorities',
        {},
      );
      const issuers = authorities.filter(({ kind }) => kind === 'issuer');
      expect(issuers.map(({ state }) => state)).toEqual(['retired', 'active']);
      expect((issuers[1]?.not_after ?? 0) - now).toBeGreaterThan(1800 * DAY);
      await world.stop();
    }
  });

  it('revives a CA whose issuer has expired', async () => {
    let now = Date.now();
    const world = await start({ clock: () => now });
    await world.stop();
    now += 2000 * DAY;
    await world.start();
    const { authorities } = await (await world.registered()).call('get_authorities', {});
    expect(authorities.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      'root active',
      'issuer ended',
      'issuer active',
    ]);
  });

  it('with --revoke puts the old issuer on the root’s CRL', async () => {
    const world = await start();
    const ra = await world.registered();
    const before = await sign(ra, 'before.example.test');
    await beside(world, async ({ set, succession }, store) => {
      const old = set.newest;
      await succession.makeIssuer(BY);
      await store.changeAuthority(old?.id ?? '', { renewFrom: Date.now() }, BY);
      expect(await store.revoke(old?.certificate.serial ?? '', Date.now(), 2, BY)).toBe('revoked');
    });
    const after = await sign(ra, 'after.example.test');
    const { root } = await ra.call('get_ca_chain', {});
    expect(await opensslVerifies(world, ra, before.pem, root)).toMatch(/verification failed/);
    expect(await opensslVerifies(world, ra, after.pem, root)).toMatch(ok);
  });
});

describe('two CAs on one database', () => {
  it('both use the successor at once; the second CA reads its key from the database', async () => {
    const database = await createDatabase();
    worlds.push({ close: () => database.drop() });
    const first = await start({ databaseUrl: database.url });
    const second = await start({ databaseUrl: database.url }, {}, first);
    const [one, two] = [
      await first.registered('one.example.test'),
      await second.registered('two.example.test'),
    ];
    const made = await beside(first, ({ succession }) => succession.makeIssuer(BY));
    const signed = await Promise.all([sign(one, 'a.example.test'), sign(two, 'b.example.test')]);
    expect(signed.map(({ leaf }) => authorityKeyId(leaf))).toEqual([made?.keyId, made?.keyId]);
    // Of two that make one at the same moment, one does: both have read the issuers before either begins.
    let opened = 0;
    let begin = () => {};
    const bothOpened = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const both = await Promise.all(
      [first, second].map((world) =>
        beside(world, async ({ succession }) => {
          opened += 1;
          if (opened === 2) begin();
          await bothOpened;
          return succession.makeIssuer(BY);
        }),
      ),
    );
    expect(both.filter((each) => each !== null)).toHaveLength(1);
  });
});

describe('an issuer that another process has made this moment', () => {
  const answerOf = async (ra: Client, issuer: { der: Buffer }, serial: string) => {
    const request = ocspRequest([certId(issuer.der, serial)]).toString('base64');
    const { response } = await ra.call('ocsp_respond', { request });
    return readOcsp(Buffer.from(response, 'base64'), issuer.der).answers[0]?.status;
  };

  it('has its CRL and OCSP answers at every CA of the store at once, whichever issued', async () => {
    const database = await createDatabase();
    worlds.push({ close: () => database.drop() });
    const first = await start({ databaseUrl: database.url });
    const second = await start({ databaseUrl: database.url }, {}, first);
    const [one, two] = [
      await first.registered('one.example.test'),
      await second.registered('two.example.test'),
    ];
    for (const round of ['a', 'b', 'c']) {
      const made = await beside(first, ({ succession }) => succession.makeIssuer(BY));
      const { leaf, chain } = await sign(one, `${round}.example.test`);
      const issuer = chain[0];
      if (made === null || issuer === undefined) throw new Error('no issuer was made');
      const crl = await two.call('get_crl', { issuer: made.id });
      expect(parseCrl(Buffer.from(crl, 'base64')).entries).toEqual([]);
      expect(await answerOf(two, issuer, leaf.serial)).toBe('good');
      await one.call('revoke_serial', { serial: serialFromHex(leaf.serial) });
      expect(await answerOf(two, issuer, leaf.serial)).toBe('revoked');
      const { part } = await two.call('get_crl_part', { issuer: made.id, offset: 0 });
      const after = parseCrl(Buffer.from(String(part), 'base64'));
      expect(after.entries.map(({ serial }) => serial)).toEqual([leaf.serial]);
    }
  });

  it('made by a command while the CA runs on SQLite, too', async () => {
    const world = await start();
    const ra = await world.registered();
    const made = await beside(world, ({ succession }) => succession.makeIssuer(BY));
    const [part, whole] = await Promise.all([
      ra.call('get_crl_part', { issuer: made?.id ?? '', offset: 0 }),
      ra.call('get_crl', { issuer: made?.id ?? '' }),
    ]);
    expect(part.part).toBe(whole);
    await expect(ra.call('get_crl', { issuer: '00'.repeat(10) })).rejects.toThrow('There is no issuer');
  });
});

describe('a rollover of the root', () => {
  it('publishes both roots and chains to both in every step', async () => {
    const world = await start();
    const ra = await world.registered();
    const { root: oldRoot } = await ra.call('get_ca_chain', {});
    const early = await sign(ra, 'early.example.test');
    // A CA that is asked by nobody before: what it tells is of now.
    const known = () => new CaClient({ client: ra }).authorities();
    const alternates = ({ pem }: typeof early) => otherChains({ authorities: known }, pem);
    expect(await alternates(early)).toEqual([]);
    const made = await beside(world, ({ roots }) => roots.begin(BY));
    expect(fromPem('CERTIFICATE', trustedRoots(await known()))).toHaveLength(2);
    const [toNew = ''] = await alternates(early);
    expect(await opensslVerifies(world, ra, toNew, made.pem)).toMatch(ok);
    expect(await opensslVerifies(world, ra, early.pem, oldRoot)).toMatch(ok);

    await beside(world, ({ roots }) => roots.switch(BY));
    const late = await sign(ra, 'late.example.test');
    // Whoever trusts either root takes the default chain; the alternate leaves the old root out.
    expect(await opensslVerifies(world, ra, late.pem, made.pem)).toMatch(ok);
    expect(await opensslVerifies(world, ra, late.pem, oldRoot)).toMatch(ok);
    const [short = ''] = await alternates(late);
    expect(fromPem('CERTIFICATE', short)).toHaveLength(2);
    expect(await opensslVerifies(world, ra, short, made.pem)).toMatch(ok);

    await beside(world, ({ roots }) => roots.retire(BY));
    await sign(ra, 'last.example.test');
    const { root } = await ra.call('get_ca_chain', {});
    await expect
      .poll(async () => (await ra.call('get_ca_chain', {})).root, { timeout: 8_000 })
      .toBe(made.pem);
    expect(root.length).toBeGreaterThan(0);
    await beside(world, async ({ roots, set }) => {
      await expect(roots.retire(BY)).rejects.toThrow(/one root only/);
      await expect(roots.switch(BY)).rejects.toThrow(/no root to switch to/);
      expect(set.roots.map(({ keyId }) => keyId)).toEqual([issuerKeyId(made.certificate)]);
    });
  });
});

describe('warnings of an approaching expiry', () => {
  it.each([400, 360, 89, 29, 6])('%i days before', async (days) => {
    const world = await start();
    await beside(world, async ({ set }, store) => {
      const end = set.newest?.certificate.notAfter ?? 0;
      const all = await describeSet({ set, store, succeedAt: 0.5, profiles: [], now: end - days * DAY });
      const { warning } = all.find(({ kind }) => kind === 'issuer') ?? {};
      if (days === 400) expect(warning).toBeUndefined();
      else expect(warning).toContain('in less than');
    });
  });

  it('profiles with a longer validity than the issuer are named', async () => {
    const world = await start();
    await beside(world, async ({ set }, store) => {
      const end = set.newest?.certificate.notAfter ?? 0;
      const profiles = [...(await loadProfiles(null)).values()];
      const warningAt = async (days: number) => {
        const all = await describeSet({ set, store, succeedAt: 0.5, profiles, now: end - days * DAY });
        return all.find(({ kind }) => kind === 'issuer')?.warning;
      };
      expect(await warningAt(400)).toBeUndefined();
      expect(await warningAt(100)).toMatch(
        /certificates of these profiles end with the issuer .*sooner than they say: ra \(180 days\), admin \(365 days\)$/,
      );
    });
  });
});

describe('a young issuer that names no CRL of its root', () => {
  const names = (pem: string) =>
    /\/crl\/[0-9a-f]{20}\.crl/.test(firstFromPem('CERTIFICATE', pem).toString('latin1'));

  it('is replaced by an issuer with these URLs as soon as they are known', async () => {
    const world = await start({}, { publicUrl: null });
    const ra = await world.registered();
    const { authorities } = await ra.call('get_authorities', {});
    expect(authorities.map(({ kind, state, certificate }) => [kind, state, names(certificate)])).toEqual([
      ['root', 'active', false],
      ['issuer', 'retired', false],
      ['issuer', 'active', true],
    ]);
  });

  it('stays in use while the URLs are unknown', async () => {
    const world = await start({ publicUrl: null }, { publicUrl: null });
    const { authorities } = await (await world.registered()).call('get_authorities', {});
    expect(authorities).toHaveLength(2);
  });

  it('cross-certificates have the CRL URL of the root that signed them', async () => {
    const world = await start();
    const ra = await world.registered();
    await beside(world, ({ roots }) => roots.begin(BY));
    const { authorities } = await ra.call('get_authorities', {});
    const crosses = authorities.filter(({ kind }) => kind === 'cross');
    expect(crosses).toHaveLength(2);
    for (const { certificate, root } of crosses)
      expect(firstFromPem('CERTIFICATE', certificate).toString('latin1')).toContain(`/crl/${root}.crl`);
  });
});
