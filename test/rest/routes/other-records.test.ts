import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordOf } from '../../../src/model/ca-register.js';
import { CaClient } from '../../../src/ra/ca/client.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { aRecord } from '../../../tools/kit/facts.js';
import { requestPem } from '../../support/requests.js';
import { type IssuedHolder, JoinedWorld } from '../../support/world/joined.js';

const BY = { who: 'operator test', from: 'local' };

const world = new JoinedWorld();
let holder: IssuedHolder;
beforeAll(async () => {
  await world.start();
  holder = await world.holder('before');
});
afterAll(() => world.close());

const sign = (name: string) => world.tasks.call('sign', { csr: requestPem([name]), profile: 'server' });
const exported = (serial: string, format: string) =>
  world.ask(`/private/certificates/${serial}/export?format=${format}`, world.alice);

describe('a certificate of an issuer that was succeeded', () => {
  it('comes with the chain of its own issuer, to its holder and to an operator', async () => {
    const { certificate, serial } = await sign('before.lan');
    await world.ca.onSet(({ succession }) => succession.makeIssuer(BY));
    const after = (await sign('after.lan')).certificate;
    expect(after.slice(after.indexOf('-----END'))).not.toBe(
      certificate.slice(certificate.indexOf('-----END')),
    );

    expect((await world.ask('/client/certificate?format=chain', holder)).text).toBe(holder.cert);
    const { json } = await world.ask('/client/certificate', holder);
    expect((json.data as { chain: string }).chain).toBe(
      holder.cert.slice(holder.cert.indexOf('-----BEGIN', 1)),
    );
    expect((await exported(serial, 'chain')).text).toBe(certificate);
    expect((await exported((await sign('new.lan')).serial, 'chain')).text).not.toBe('');
  });
});

describe('a certificate of which the CA knows only the serial, as after a migration', () => {
  const without = aRecord({ serial: '7a'.repeat(17), cn: 'only-serial', der: Buffer.alloc(0) });

  it('is shown without a file and cannot be exported', async () => {
    await world.ca.onSet((_, store) => store.recordCertificate(without, BY, { evenRetired: true }));
    const shown = await world.ask(`/private/certificates/${without.serial}`, world.alice);
    expect(shown.json.data).toMatchObject({ cn: 'only-serial', chain: '' });
    for (const format of ['pem', 'chain', 'der'])
      expect((await exported(without.serial, format)).json).toMatchObject({ code: 'notFound' });
  });

  it('identifies nobody: it may be of another issuer with the same serial', async () => {
    const ca = new CaClient({ client: world.tasks });
    expect(await ca.bySerial(without.serial)).toMatchObject({ certificate: '' });
    const shown = { serial: without.serial, certificate: firstFromPem('CERTIFICATE', holder.cert) };
    expect(await recordOf(shown, ca)).toBeNull();
  });
});
