import { describe, expect, it } from 'vitest';
import { serialFromHex } from '../../../src/channel/serial.js';
import { authorityKeyId } from '../../../src/x509/certificate.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';
import { certId, ocspRequest, readOcsp } from '../../support/ocsp.js';
import { BY, beside, type Client, sign, start, worlds } from './harness.js';

/** Two CAs on one database, each with a registered RA. */
async function twoCas() {
  const database = await createDatabase();
  worlds.push({ close: () => database.drop() });
  const first = await start({ databaseUrl: database.url });
  const second = await start({ databaseUrl: database.url }, {}, first);
  const one = await first.registered('one.example.test');
  const two = await second.registered('two.example.test');
  return { first, second, one, two };
}

describe('two CAs on one database', () => {
  it('both use the successor at once; the second CA reads its key from the database', async () => {
    const { first, second, one, two } = await twoCas();
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
    const { first, one, two } = await twoCas();
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
