import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { ChannelClient } from '../../src/channel/client.js';
import { operations } from '../../src/channel/tasks/index.js';
import { TaskClient } from '../../src/channel/typed-client.js';
import { CaLacksTask, CaRefused, CaUnavailable, type IssueRequest } from '../../src/model/ca.js';
import type { Certificate, OrderAndAuthorizations } from '../../src/model/facts.js';
import { CaDialect } from '../../src/python/ca-dialect.js';
import { CaTasks } from '../../src/python/ca-tasks.js';
import { ClearModeCa } from '../../src/python/clear-mode-ca.js';
import { PythonCa } from '../../src/python/python-ca.js';
import { PythonTasks } from '../../src/python/python-tasks.js';
import { pythonOperations } from '../../src/python/wire.js';
import { parseLeaf } from '../../src/ra/leaf.js';
import { parseCrl } from '../../src/x509/crl.js';
import { type CsrOptions, createCsr } from '../../tools/kit/csr.js';
import { CaWorld } from '../support/world/ca.js';
import { PythonCaStandIn } from './fake-ca.js';

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

const DAY = 86_400_000;

/** An RA's records, kept in memory. */
class Records {
  readonly certificates = new Map<string, Certificate>();

  findCertificateBySerial = async (serial: string) => this.certificates.get(serial) ?? null;
  getOrder = async () => ({ order: { profile: 'server' } }) as unknown as OrderAndAuthorizations;

  keep(chain: string, changes: Partial<Certificate> = {}): Certificate {
    const leaf = parseLeaf(chain);
    const certificate: Certificate = {
      ...{ id: leaf.serial, orderId: 'o', accountId: 'a', identifiers: [], chain, ...leaf },
      ...{ revokedAt: null, revocationReason: null, replacedBy: null, ...changes },
    };
    this.certificates.set(leaf.serial, certificate);
    return certificate;
  }
}

async function world(now = Date.now) {
  const python = await new PythonCaStandIn().start();
  const channel = new ChannelClient({
    endpoint: `tcp://127.0.0.1:${python.operationsPort}`,
    security: { mode: 'clear' },
  });
  ending.push(
    () => python.close(),
    () => channel.close(),
  );
  const records = new Records();
  const logged: { level: string; sentence: string; facts: object }[] = [];
  const to = (level: string) => (facts: object, sentence: string) => logged.push({ level, sentence, facts });
  const log = { warn: to('warn'), error: to('error') } as never;
  const ca = new PythonCa({ client: new TaskClient(pythonOperations, channel), records, log, now });
  const dialect = new CaDialect(new TaskClient(operations, channel));
  const tasks = new CaTasks(channel, { dialect, tasks: new PythonTasks(records, () => ca.crl(), now) });
  return { python, channel, records, logged, ca, dialect, tasks };
}

function request(name: string, more: Partial<IssueRequest> & { csr?: Uint8Array } = {}): IssueRequest {
  return {
    ...{ orderId: 'order', accountId: 'account', profile: 'server', notBefore: null, notAfter: null },
    identifiers: [{ type: 'dns', value: name }],
    csr: createCsr([name], { commonName: name }).der,
    ...more,
  };
}

describe('the RA with a Python CA', () => {
  it('lists its profiles for TLS servers, with a validity that takes no wishes', async () => {
    const { ca } = await world();
    expect(await ca.profiles()).toEqual([
      expect.objectContaining({ name: 'server', maxValidity: 60 * DAY, fixedValidity: true }),
      expect.objectContaining({ name: 'webapp', maxValidity: 60 * DAY, fixedValidity: true }),
    ]);
  });

  it('issues: the certificate is of the key and the names of the CSR', async () => {
    const { ca, python } = await world();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const csr = createCsr(['app.example.test'], { commonName: 'app.example.test', key: privateKey }).der;
    const { chain, serial } = await ca.issue(request('app.example.test', { csr }));
    const leaf = new X509Certificate(chain);
    expect(leaf.checkPrivateKey(privateKey)).toBe(true);
    expect(leaf.subjectAltName).toBe('DNS:app.example.test');
    expect(BigInt(`0x${serial}`)).toBe(BigInt(`0x${leaf.serialNumber}`));
    expect(python.tasks('sign')).toHaveLength(1);
  });

  it.each<[string, string[], CsrOptions, string, string]>([
    [
      'has no Common Name, as certbot’s',
      ['a.test.example'],
      {},
      'a.test.example',
      'badCSR: the CSR has no Common Name',
    ],
    [
      'has an empty one',
      ['a.test.example'],
      { commonName: '' },
      'a.test.example',
      'badCSR: the CSR has no Common Name',
    ],
    [
      'has a wildcard there',
      ['*.a.example'],
      { commonName: '*.a.example' },
      '*.a.example',
      'badCSR: the CSR has the Common Name',
    ],
    [
      'has one of 65 characters',
      [long()],
      { commonName: long() },
      long(),
      'badCSR: the CSR has a Common Name of more than 64',
    ],
    [
      'names nothing as SAN',
      [],
      { commonName: 'a.test.example' },
      'a.test.example',
      'badCSR: the CSR does not name a.test.example',
    ],
    [
      'is for localhost',
      ['localhost'],
      { commonName: 'localhost' },
      'localhost',
      'rejectedIdentifier: this certificate authority does not issue for "localhost"',
    ],
  ])('refuses a CSR that %s before the order is spent', async (_, names, options, name, expected) => {
    const { ca, python } = await world();
    const refused = await ca
      .check(request(name, { csr: createCsr(names, options).der }))
      .catch((error) => error);
    expect(refused).toBeInstanceOf(CaRefused);
    expect(`${refused.kind}: ${refused.message}`).toContain(expected);
    expect(python.asked).toEqual([]);
  });

  it('revokes by the bare CN and the name of the reason; again is no error', async () => {
    const { ca, python, records } = await world();
    const { serial } = records.keep((await ca.issue(request('app.example.test'))).chain);
    expect(await ca.revoke(serial, 4)).toEqual({ already: false });
    expect(python.tasks('revoke')).toEqual([{ dn: 'app.example.test', reason: 'superseded' }]);
    expect(await ca.revoke(serial, null)).toEqual({ already: true });
    expect(python.tasks('revoke')).toHaveLength(1);
    expect(parseCrl(await ca.crl()).entries.map((entry) => entry.serial)).toEqual([serial]);
  });

  it.each([
    false,
    true,
  ])('never revokes the newer certificate of a name in place of the older (old library: %s)', async (old) => {
    const { ca, python, records } = await world();
    python.oldLibrary = old;
    const { serial } = records.keep((await ca.issue(request('app.example.test'))).chain);
    await ca.issue(request('app.example.test'));
    await expect(ca.revoke(serial, 1)).rejects.toThrow(/cannot do "revoke_serial".*has a newer one/);
    expect(python.revoked).toEqual([]);
  });

  it('names the missing task when it must revoke a certificate without a record', async () => {
    const { ca } = await world();
    await expect(ca.revoke('abcd', 1)).rejects.toBeInstanceOf(CaLacksTask);
  });

  it('with an old library still revokes the certificate that is the newest', async () => {
    const { ca, python, records } = await world();
    python.oldLibrary = true;
    const { serial } = records.keep((await ca.issue(request('app.example.test'))).chain);
    expect(await ca.revoke(serial, 1)).toEqual({ already: false });
    expect(python.revoked).toEqual([serial.replace(/^0/, '')]);
  });

  it('after a lost answer revokes the certificate made then, issues another, and logs this', async () => {
    const { ca, python, logged } = await world();
    const asked = request('app.example.test');
    python.mute.add('sign');
    await expect(ca.issue(asked)).rejects.toBeInstanceOf(CaUnavailable);
    python.mute.clear();
    const { serial } = await ca.issue({ ...asked, mayHaveIssuedSince: Date.now() - 1000 });
    expect(python.tasks('sign')).toHaveLength(2);
    expect(python.revoked).toHaveLength(1);
    expect(python.revoked).not.toContain(serial);
    expect(logged).toEqual([
      expect.objectContaining({ level: 'warn', sentence: expect.stringContaining('was lost') }),
    ]);
  });

  it('after a request that never arrived issues once, and revokes nothing', async () => {
    const { ca, python, logged } = await world();
    await ca.issue(request('app.example.test', { mayHaveIssuedSince: Date.now() }));
    expect([python.tasks('sign').length, python.revoked.length, logged.length]).toEqual([1, 0, 0]);
  });

  it('asking again, leaves alone a certificate of its records, and one older than the order', async () => {
    const { ca, python, records } = await world();
    records.keep((await ca.issue(request('app.example.test'))).chain);
    await ca.issue(request('app.example.test', { mayHaveIssuedSince: Date.now() - 1000 }));
    await ca.issue(request('app.example.test', { mayHaveIssuedSince: Date.now() + DAY }));
    expect(python.revoked).toEqual([]);
  });

  it('with an old library logs that there may be a second certificate', async () => {
    const { ca, python, logged } = await world();
    await ca.issue(request('app.example.test'));
    python.oldLibrary = true;
    await ca.issue(request('app.example.test', { mayHaveIssuedSince: Date.now() }));
    expect(logged).toEqual([
      expect.objectContaining({ sentence: expect.stringContaining('may get a second certificate') }),
    ]);
  });

  it('requests a new CRL when the current one is about to expire', async () => {
    let now = Date.now();
    const { ca, python } = await world(() => now);
    await ca.crl();
    expect(python.tasks('generate_crl')).toEqual([]);
    now += 6 * DAY;
    await ca.crl();
    expect(python.tasks('generate_crl')).toHaveLength(1);
  });

  it('answers the status of a serial from its own records and the CRL, else says what is missing', async () => {
    const { ca, records, tasks } = await world();
    const good = records.keep((await ca.issue(request('good.example.test'))).chain);
    const revoked = records.keep((await ca.issue(request('bad.example.test'))).chain, {
      revocationReason: 1,
    });
    await ca.revoke(revoked.serial, 1);
    const status = (serial: string) => tasks.call('ocsp_check', { serial: BigInt(`0x${serial}`).toString() });
    expect(await status(good.serial)).toEqual({
      status: 'good',
      serial: good.serial,
      cn: 'good.example.test',
    });
    expect(await status(revoked.serial)).toMatchObject({ status: 'revoked', revoke_reason: 'keyCompromise' });
    await expect(tasks.call('ocsp_check', { serial: 1 })).rejects.toThrow(/cannot do "ocsp_check"/);
    expect(await tasks.call('view', { dn: BigInt(`0x${good.serial}`) })).toMatchObject({
      cn: 'good.example.test',
      status: 'good',
      profile: 'server',
    });
  });

  it.each([
    'list_nodes',
    'list_certificates',
    'renew',
    'view',
  ] as const)('says that %s is missing', async (task) => {
    const { tasks } = await world();
    const refused = await tasks.call(task, { dn: 'app.example.test' } as never).catch((error) => error);
    expect(refused).toBeInstanceOf(CaLacksTask);
    expect(refused.message).toContain(`"${task}"`);
  });

  it.each([
    '/CN=app.example.test',
    'CN=app.example.test,O=uPKI',
    'app.example.test',
  ])('asks it by bare CN and names of reasons when told %s and 1', async (dn) => {
    const { ca, python, tasks } = await world();
    await ca.issue(request('app.example.test'));
    expect(await tasks.call('revoke', { dn, reason: 1 })).toBe(true);
    expect(python.tasks('revoke')).toEqual([{ dn: 'app.example.test', reason: 'keyCompromise' }]);
  });
});

describe('in clear mode the RA', () => {
  it('knows once a connection which CA it is, and again when another takes its place', async () => {
    const { python, channel, records, dialect } = await world();
    const log = { warn: () => undefined, error: () => undefined } as never;
    const client = new TaskClient(operations, channel);
    const pythonCa = new PythonCa({
      client: new TaskClient(pythonOperations, channel),
      records,
      log,
      cacheFor: 0,
    });
    const ca = new ClearModeCa({ client, cacheFor: 0, dialect, python: pythonCa });
    expect((await ca.caCertificates()).chain).toBe('');
    await ca.ping();
    expect(python.tasks('ping')).toHaveLength(1);

    const port = python.operationsPort;
    python.close();
    await expect.poll(() => channel.state).toBe('connecting');
    const ours = await new CaWorld({ mode: 'clear', operationsPort: port, registrationPort: null }).start();
    ending.push(() => ours.close());
    await expect.poll(() => channel.state, { timeout: 10_000 }).toBe('connected');
    dialect.forget();
    expect(await dialect.get()).toBe('upki');
    expect((await ca.profiles()).map(({ name }) => name)).toContain('webapp');
  });
});

function long(): string {
  return `${'a'.repeat(60)}.test.example`;
}
