import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseCertificate } from '../../src/x509/certificate.js';
import { parseCrl } from '../../src/x509/crl.js';
import { formatDn } from '../../src/x509/name.js';
import { firstFromPem, fromPem } from '../../src/x509/pem.js';
import { type Cluster, startCluster } from '../../tools/kit/cluster.js';
import { newFolder } from '../../tools/kit/folder.js';
import { createDatabase } from '../../tools/kit/postgres/database.js';
import { type Ask, Connection, type Holder } from '../support/https.js';
import { certId, ocspRequest, readOcsp } from '../support/ocsp.js';
import { keyPem, newKey, requestPem } from '../support/requests.js';
import { build, upki } from './run.js';

/** What is revoked or removed at one of two RAs (and two CAs) on one PostgreSQL is refused by the other with its next answer. */

let database: Awaited<ReturnType<typeof createDatabase>>;
let cluster: Cluster;
const opened: { destroy(): unknown }[] = [];

beforeAll(async () => {
  build();
  database = await createDatabase();
  cluster = await startCluster({ databaseUrl: database.url, ras: 2, cas: 2 });
}, 240_000);
afterAll(async () => {
  for (const each of opened) each.destroy();
  await cluster?.stop();
  await database?.drop();
}, 60_000);

/** A connection of a holder to one RA. */
async function at(ra: number, as: Holder, options: ConnectionOptions = {}): Promise<Connection> {
  const address = { host: '127.0.0.1', port: cluster.portOf(ra), servername: 'localhost' };
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const made = connect({ ...address, ca: cluster.rootPem, ...as, ...options });
    made.once('secureConnect', () => resolve(made));
    made.once('error', reject);
  });
  opened.push(socket);
  return new Connection(socket);
}

const once = async (ra: number, as: Holder, path: string, asked: Ask = {}) =>
  (await at(ra, as)).ask(path, asked);

const onMachine = (...args: string[]) =>
  upki([...args, '-d', join(cluster.folder, 'ca1')], { UPKI_CA_DATABASE_URL: database.url });

async function admin(name: string, role: string): Promise<Holder> {
  const out = newFolder();
  const { code, stderr } = await onMachine('admin', 'add', name, '--role', role, '--out', out);
  expect(code, stderr).toBe(0);
  const [key, cert] = await Promise.all([
    readFile(join(out, `${name}.key`), 'utf8'),
    readFile(join(out, `${name}.crt`), 'utf8'),
  ]);
  return { key, cert };
}

/** A connection that stays open, and the session to resume another one. */
async function kept(ra: number, as: Holder, path: string) {
  const connection = await at(ra, as);
  const ticket = new Promise<Buffer>((resolve) => connection.socket.once('session', resolve));
  expect((await connection.ask(path)).status).toBe(200);
  const session = await ticket;
  /** The answer on the open connection, in a resumed session, and on a new connection. */
  return async (asked: Ask = {}, also = path) => {
    const resumed = await at(ra, as, { session });
    expect(resumed.socket.isSessionReused()).toBe(true);
    const connections = [connection, resumed, await at(ra, as)];
    const statuses: number[] = [];
    for (const each of connections) statuses.push((await each.ask(also, asked)).status);
    return statuses;
  };
}

it('a certificate revoked, and an administrator removed or given another role, at one RA, is refused at once by the other', async () => {
  const alice = await admin('alice', 'admin');
  const bob = await admin('bob', 'operator');
  const registered = await once(0, alice, '/private/nodes', {
    method: 'POST',
    body: { cn: 'press.test', profile: 'webapp' },
  });
  expect(registered.status, registered.text).toBe(201);
  const key = newKey();
  const csr = requestPem([], { key, cn: 'press.test' });
  const { json } = await once(1, alice, '/public/certify', {
    method: 'POST',
    body: { csr, seed: registered.json.data.seed },
  });
  const node = { key: keyPem(key), cert: json.data.certificate + json.data.chain };
  const [leaf = Buffer.alloc(0), issuer = Buffer.alloc(0)] = fromPem('CERTIFICATE', node.cert);
  const { serial } = parseCertificate(leaf);

  const nodeAtB = await kept(1, node, '/client/status');
  const bobAtB = await kept(1, bob, '/private/nodes');
  const anyone = await at(1, alice);
  const ocsp = ocspRequest([certId(issuer, serial)]).toString('base64');
  const plain = `http://127.0.0.1:${cluster.portOf(1) + 1}`;
  const statusAtB = async () => {
    const answer = await fetch(`${plain}/ocsp/${encodeURIComponent(ocsp)}`);
    return readOcsp(Buffer.from(await answer.arrayBuffer()), issuer).answers[0]?.status;
  };
  const listedAtB = async () => {
    const { json: answer } = await anyone.ask('/public/crl?format=json');
    return parseCrl(Buffer.from(answer.data.crl, 'base64')).entries.some((each) => each.serial === serial);
  };
  const change = async (action: string) => {
    const path = `/private/certificates/actions/${action}`;
    expect((await once(0, alice, path, { method: 'POST', body: { serial } })).status).toBe(200);
  };
  for (let round = 0; round < 2; round += 1) {
    expect([await statusAtB(), await listedAtB(), await nodeAtB()]).toEqual(['good', false, [200, 200, 200]]);
    await change('hold');
    expect([await statusAtB(), await listedAtB(), await nodeAtB()]).toEqual([
      'revoked',
      true,
      [403, 403, 403],
    ]);
    await change('unhold');
  }
  await change('revoke');
  expect([await statusAtB(), await listedAtB()]).toEqual(['revoked', true]);
  const renewal = { method: 'POST', body: { csr: requestPem([], { cn: 'press.test' }) } };
  expect(await nodeAtB(renewal, '/client/renew')).toEqual([403, 403, 403]);
  expect(await nodeAtB({ method: 'POST', body: {} }, '/client/revoke')).toEqual([403, 403, 403]);

  const another = { method: 'POST', body: { cn: 'other.test', profile: 'webapp', replace: true } };
  expect(await bobAtB(another)).toEqual([201, 201, 201]);
  expect((await onMachine('admin', 'role', 'bob', 'auditor')).code).toBe(0);
  expect(await bobAtB(another)).toEqual([403, 403, 403]);
  expect(await bobAtB()).toEqual([200, 200, 200]);
  const dn = formatDn(parseCertificate(firstFromPem('CERTIFICATE', bob.cert)).subject);
  const { status } = await once(0, alice, `/private/admins/${encodeURIComponent(dn)}`, { method: 'DELETE' });
  expect(status).toBe(200);
  expect(await bobAtB()).toEqual([403, 403, 403]);
}, 240_000);
