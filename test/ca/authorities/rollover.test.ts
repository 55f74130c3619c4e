import { describe, expect, it } from 'vitest';
import { otherChains } from '../../../src/programs/ra/alternate-chains.js';
import { trustedRoots } from '../../../src/ra/ca/authorities.js';
import { CaClient } from '../../../src/ra/ca/client.js';
import { authorityKeyId, issuerKeyId } from '../../../src/x509/certificate.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { fromPem } from '../../../src/x509/pem.js';
import { certId, ocspRequest, readOcsp } from '../../support/ocsp.js';
import { BY, beside, DAY, ok, opensslVerifies, sign, start } from './harness.js';

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
