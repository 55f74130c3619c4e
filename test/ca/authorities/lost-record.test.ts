import { pino } from 'pino';
import { afterAll, expect, it } from 'vitest';
import { openAuthorities } from '../../../src/ca/authorities/open.js';
import { loadCaFiles } from '../../../src/ca/folder/files.js';
import { openLocalStore } from '../../../src/ca/local-access.js';
import { PROGRAM } from '../../../src/store/contract/audit.js';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';

const worlds: CaWorld[] = [];
afterAll(async () => {
  for (const each of worlds) await each.close();
});
const start = async (copyOf: CaWorld | null = null) => {
  const world = await new CaWorld({}, {}, copyOf).start();
  worlds.push(world);
  return world;
};

/** The CA gets a second issuer, by a command beside it. */
async function addIssuer({ dataDir }: CaWorld): Promise<void> {
  const store = await openLocalStore(dataDir, null);
  try {
    const files = await loadCaFiles({ dataDir, passphrase: null, seed: null });
    const { succession } = await openAuthorities(store, files, {
      ...{ dataDir, passphrase: null, publicUrl: 'http://pki.example.test', shared: false, succeedAt: 0.5 },
      clock: Date.now,
      log: pino({ level: 'silent' }),
    });
    await succession.makeIssuer(PROGRAM);
  } finally {
    await store.close();
  }
}

it('a certificate of any issuer whose record was lost can be revoked by presenting it, and is on that issuer’s CRL', async () => {
  const world = await start();
  // The same keys and databases of their own: what was issued after the backups that were restored.
  const byFirst = await start(world);
  await addIssuer(world);
  await world.stop();
  await world.start();
  const bySecond = await start(world);
  const lost = async (other: CaWorld, cn: string) => {
    const client = await other.registered('ra2.example.test');
    return (await client.call('sign', { csr: requestPem([cn]) })).certificate;
  };
  const shown = [await lost(byFirst, 'first.example.test'), await lost(bySecond, 'second.example.test')];
  const issuers = shown.map((pem) => parseCertificate(firstFromPem('CERTIFICATE', pem)).issuer);
  expect(issuers[0]).not.toEqual(issuers[1]);

  const again = await world.registered('ra3.example.test');
  for (const certificate of shown) {
    const revoke = () => again.call('revoke_certificate', { certificate, reason: 'superseded' });
    expect([await revoke(), await revoke()]).toEqual([{ already: false }, { already: true }]);
    expect(await again.call('ocsp_check', { cert: certificate })).toMatchObject({ status: 'revoked' });
  }
  const crl = parseCrl(Buffer.from(await again.call('generate_crl', {}), 'base64'));
  const serials = crl.entries.map(({ serial }) => serial);
  const [first, second] = shown.map((pem) => parseCertificate(firstFromPem('CERTIFICATE', pem)).serial);
  expect([serials.includes(second ?? ''), serials.includes(first ?? '')]).toEqual([true, false]);
});
