import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HOUR } from '../../src/lib/time.js';
import { CaUnavailable } from '../../src/model/ca.js';
import { newFolder } from '../../tools/kit/folder.js';
import { createTestPki } from '../../tools/kit/test-pki.js';
import { requestPem } from '../support/requests.js';
import { JoinedWorld } from '../support/world/joined.js';

const run = promisify(execFile);
const maker = createTestPki();
let world: JoinedWorld;
let folder: string;
beforeAll(async () => {
  const sensor =
    'duration: 6\nkeyTypes: [RSA]\nkeyUsage: [digitalSignature]\nextendedKeyUsage: [clientAuth, serverAuth]\n';
  world = await new JoinedWorld({ deviceTrust: maker.root, profiles: { sensor } }).start();
  folder = newFolder();
  await writeFile(join(folder, 'ca.crt'), world.root);
});
afterEach(() => {
  delete world.faults.enroll;
  delete world.faults.reissue;
  world.time.offset = 0;
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

const file = (name: string) => join(folder, name);
const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });

/** curl as a device uses it: status, headers and what it answers. */
async function curl(path: string, ...args: string[]) {
  const url = `${world.base}/.well-known/est/${path}`;
  const { stdout } = await run('curl', ['-sS', '-i', '--cacert', 'ca.crt', ...args, url], { cwd: folder });
  const [head = '', body = ''] = stdout.split(/\r\n\r\n([\s\S]*)/);
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body };
}
const post = (path: string, csr: string, ...args: string[]) =>
  curl(path, '-H', 'Content-Type: application/pkcs10', '--data-binary', `@${csr}`, ...args);

let count = 0;
/** A key and a request, base64 in lines. */
async function device(subject: string, san?: string) {
  count += 1;
  const name = `d${count}`;
  const names = san === undefined ? [] : ['-addext', `subjectAltName=${san}`];
  await openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
  await openssl(
    'req',
    '-new',
    '-key',
    `${name}.key`,
    '-subj',
    subject,
    ...names,
    '-outform',
    'DER',
    '-out',
    `${name}.der`,
  );
  await openssl('base64', '-in', `${name}.der`, '-out', `${name}.b64`);
  return { name, key: `${name}.key`, csr: `${name}.b64` };
}

/** What OpenSSL reads of an answer, leaf first as it stands there. */
async function certificatesIn(body: string): Promise<X509Certificate[]> {
  await writeFile(file('answer.b64'), body);
  await openssl('base64', '-d', '-in', 'answer.b64', '-out', 'answer.p7');
  const { stdout } = await openssl('pkcs7', '-inform', 'DER', '-in', 'answer.p7', '-print_certs');
  return (stdout.match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----/g) ?? []).map(
    (pem) => new X509Certificate(pem),
  );
}
const seedOf = async (cn: string, profile = 'webapp') =>
  (await world.register({ cn, profile })).seed as string;

describe('RFC 7030 cacerts and csrattrs', () => {
  it.each(['cacerts', 'webapp/cacerts'])('%s: roots and issuers, certs-only', async (path) => {
    const { status, head, body } = await curl(path);
    expect(status).toBe(200);
    expect(head).toContain('content-type: application/pkcs7-mime');
    const subjects = (await certificatesIn(body)).map(({ fingerprint256 }) => fingerprint256);
    expect(subjects).toContain(new X509Certificate(world.root).fingerprint256);
    expect(new Set(subjects).size).toBe(subjects.length);
  });

  it('csrattrs recommends the key of the profile, and is 404 for an unknown profile', async () => {
    const { status, head, body } = await curl('server/csrattrs');
    expect({ status, type: head.includes('application/csrattrs') }).toEqual({ status: 200, type: true });
    await writeFile(file('attrs.der'), Buffer.from(body, 'base64'));
    const { stdout } = await openssl('asn1parse', '-inform', 'DER', '-in', 'attrs.der');
    expect(stdout).toMatch(/id-ecPublicKey[\s\S]*prime256v1/);
    expect((await curl('csrattrs')).status).toBe(200);
    expect((await curl('nope/csrattrs')).status).toBe(404);
  });
});

it.each([
  ['Origin: https://evil.test'],
  ['Origin: null'],
  ['Sec-Fetch-Site: cross-site'],
  ['Sec-Fetch-Site: same-site'],
])('a page of another site enrols nobody with the certificate of its visitor: %s', async (header) => {
  const node = await world.enrolled({ cn: `visitor${header.replace(/\W+/g, '-').toLowerCase()}.test` });
  const { csr } = await device('/CN=visitor');
  await writeFile(file('visitor.pem'), node.cert + node.key);
  for (const path of ['simpleenroll', 'simplereenroll']) {
    const { status } = await post(path, csr, '--cert', 'visitor.pem', '-H', header);
    expect([path, status]).toEqual([path, 403]);
    const form = ['-H', 'Content-Type: text/plain', '--data-binary', `@${csr}`, '--cert', 'visitor.pem'];
    expect((await curl(path, ...form)).status).toBe(415);
  }
});

describe('RFC 7030 simpleenroll', () => {
  it('a node gets its registered names and the chain by its name and seed', async () => {
    const seed = await seedOf('cam1.example.test');
    const { csr, key } = await device('/CN=cam1.example.test');
    const answer = await post('simpleenroll', csr, '-u', `cam1.example.test:${seed}`);
    expect(answer.status).toBe(200);
    expect(answer.head).toContain('application/pkcs7-mime; smime-type=certs-only');
    expect(answer.head).toContain('content-transfer-encoding: base64');
    const [leaf] = await certificatesIn(answer.body);
    expect(leaf?.subjectAltName).toBe('DNS:cam1.example.test');
    expect(leaf?.publicKey.export({ type: 'spki', format: 'pem' })).toBe(
      (await openssl('pkey', '-in', key, '-pubout')).stdout,
    );
    const again = await post('simpleenroll', csr, '-u', `CAM1.example.test:${seed}`);
    expect(again.body).toBe(answer.body);
    const { csr: other } = await device('/CN=cam1.example.test');
    expect((await post('simpleenroll', other, '-u', `cam1.example.test:${seed}`)).status).toBe(401);
  });

  it('a node may use only the label of its profile', async () => {
    const seed = await seedOf('cam2.example.test');
    const { csr } = await device('/CN=cam2.example.test');
    const refused = await post('server/simpleenroll', csr, '-u', `cam2.example.test:${seed}`);
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('webapp');
    expect((await post('webapp/simpleenroll', csr, '-u', `cam2.example.test:${seed}`)).status).toBe(200);
  });

  it('a key of a kind the profile does not take is refused, and does not spend the seed', async () => {
    const seed = await seedOf('cam7.example.test', 'sensor');
    const user = ['-u', `cam7.example.test:${seed}`];
    const { csr } = await device('/CN=cam7.example.test');
    const refused = await post('simpleenroll', csr, ...user);
    expect(refused.status).toBe(422);
    expect(refused.body).toContain('RSA');
    const rsa = ['-newkey', 'rsa:2048', '-nodes', '-keyout', 'rsa.key', '-subj', '/CN=cam7.example.test'];
    await openssl('req', '-new', ...rsa, '-outform', 'DER', '-out', 'rsa.der');
    await openssl('base64', '-in', 'rsa.der', '-out', 'rsa.b64');
    expect((await post('simpleenroll', 'rsa.b64', ...user)).status).toBe(200);
    const sign = (csrPem: string) => world.tasks.call('sign', { csr: csrPem, profile: 'sensor' });
    await expect(sign(requestPem(['x.example.test']))).rejects.toMatchObject({ kind: 'badCSR' });
  });

  it('header names have the usual capitals, because libest compares them case-sensitively', async () => {
    const { csr } = await device('/CN=nobody.plant.test');
    const body = ['-H', 'Content-Type: application/pkcs10', '--data-binary', `@${csr}`];
    for (const [path, more, names] of [
      ['cacerts', [], ['Content-Type', 'Content-Length', 'Content-Transfer-Encoding']],
      ['simpleenroll', body, ['WWW-Authenticate', 'Content-Length']],
    ] as const) {
      const url = `${world.base}/.well-known/est/${path}`;
      const { stdout } = await run('curl', ['-sS', '-i', '--cacert', 'ca.crt', ...more, url], {
        cwd: folder,
      });
      for (const name of names) expect(stdout).toMatch(new RegExp(`^${name}: `, 'm'));
    }
  });

  it('wrong, foreign or missing credentials are 401 with an explanation', async () => {
    const seed = await seedOf('cam3.example.test');
    const { csr } = await device('/CN=cam3.example.test');
    for (const user of [
      ['-u', 'cam3.example.test:wrong'],
      ['-u', `cam1.example.test:${seed}`],
      ['-u', `:${seed}`],
      [],
    ]) {
      const { status, head, body } = await post('simpleenroll', csr, ...user);
      expect({ status, user }).toEqual({ status: 401, user });
      expect(head).toContain('www-authenticate: basic realm=');
      expect(head).toContain('text/plain');
      expect(body).not.toContain(seed);
    }
  });

  it('unregistered names, an expired seed, and an invalid request are refused', async () => {
    const seed = await seedOf('cam4.example.test');
    const user = ['-u', `cam4.example.test:${seed}`];
    const { csr } = await device('/CN=cam4.example.test', 'DNS:evil.example.test');
    expect((await post('simpleenroll', csr, ...user)).status).toBe(403);
    await writeFile(file('junk'), 'not base64!');
    expect((await post('simpleenroll', 'junk', ...user)).status).toBe(400);
    const json = ['-H', 'Content-Type: application/json', '--data-binary', '{}'];
    expect((await curl('simpleenroll', ...json, ...user)).status).toBe(415);
    const good = await device('/CN=cam4.example.test');
    world.time.offset = 25 * HOUR;
    expect((await post('simpleenroll', good.csr, ...user)).status).toBe(401);
  });

  it('a request is 202 with Retry-After while the CA is unreachable, and gets the certificate afterwards', async () => {
    const seed = await seedOf('cam5.example.test');
    const user = ['-u', `cam5.example.test:${seed}`];
    const { csr } = await device('/CN=cam5.example.test');
    world.faults.enroll = async () => {
      throw new CaUnavailable('away');
    };
    const waiting = await post('simpleenroll', csr, ...user);
    expect(waiting.status).toBe(202);
    expect(waiting.head).toMatch(/retry-after: \d+/);
    delete world.faults.enroll;
    expect((await post('simpleenroll', csr, ...user)).status).toBe(200);
  });

  it('every enrolment is in the audit log, without the seed', async () => {
    const seed = await seedOf('cam6.example.test');
    const { csr } = await device('/CN=cam6.example.test');
    await post('simpleenroll', csr, '-u', `cam6.example.test:${seed}`);
    const page = await world.store.readAudit({ after: null, limit: 1000 });
    const text = JSON.stringify(page);
    expect(text).toContain('POST /.well-known/est/simpleenroll');
    expect(text).toContain('node cam6.example.test');
    expect(text).not.toContain(seed);
  });
});

describe('a device with a certificate of its maker', () => {
  const held = async (pki: typeof maker, commonName: string, name: string) => {
    const { key, cert } = pki.leaf({ commonName, names: [] });
    await writeFile(file(`${name}.crt`), cert);
    await writeFile(file(`${name}.key`), key);
    return ['--cert', `${name}.crt`, '--key', `${name}.key`];
  };

  it('gets the certificate of its registered node once', async () => {
    await seedOf('sn-1001.example.test');
    const as = await held(maker, 'SN-1001', 'maker1');
    const { csr } = await device('/CN=sn-1001.example.test');
    const answer = await post('simpleenroll', csr, ...as);
    expect(answer.status).toBe(200);
    expect((await certificatesIn(answer.body))[0]?.subjectAltName).toBe('DNS:sn-1001.example.test');
    const { csr: second } = await device('/CN=sn-1001.example.test');
    expect((await post('simpleenroll', second, ...as)).status).toBe(401);
  });

  it('gets nothing for another device, without a node, or with an untrusted manufacturer', async () => {
    await seedOf('sn-1002.example.test');
    const { csr } = await device('/CN=sn-1002.example.test');
    expect((await post('simpleenroll', csr, ...(await held(maker, 'SN-1003', 'maker2')))).status).toBe(403);
    const stranger = await held(createTestPki(), 'SN-1002', 'maker3');
    expect((await post('simpleenroll', csr, ...stranger)).status).toBe(401);
    const { csr: nobody } = await device('/CN=sn-1003.example.test');
    expect((await post('simpleenroll', nobody, ...(await held(maker, 'SN-1003', 'maker4')))).status).toBe(
      403,
    );
  });

  it('cannot renew, and is unauthenticated for the rest of the RA', async () => {
    const as = await held(maker, 'SN-1004', 'maker5');
    const { csr } = await device('/CN=sn-1004.example.test');
    expect((await post('simplereenroll', csr, ...as)).status).toBe(401);
    const [key, cert] = await Promise.all([
      readFile(file('maker5.key'), 'utf8'),
      readFile(file('maker5.crt'), 'utf8'),
    ]);
    expect((await world.ask('/client/certificate', { key, cert })).status).toBe(401);
  });
});

describe('RFC 7030 simplereenroll', () => {
  const enrolled = async (cn: string) => {
    const node = await world.enrolled({ cn, profile: 'webapp' });
    await writeFile(file(`${cn}.key`), node.key);
    await writeFile(file(`${cn}.crt`), node.cert);
    return { ...node, as: ['--cert', `${cn}.crt`, '--key', `${cn}.key`] };
  };

  it.each([
    'simplereenroll',
    'simpleenroll',
  ])('%s by the certificate: the same names for a new key', async (operation) => {
    const cn = `${operation}.example.test`;
    const { as, serial } = await enrolled(cn);
    const { csr } = await device(`/CN=${cn}`, `DNS:${cn}`);
    const answer = await post(operation, csr, ...as);
    expect(answer.status).toBe(200);
    const [leaf] = await certificatesIn(answer.body);
    expect(leaf?.subjectAltName).toBe(`DNS:${cn}`);
    expect(leaf?.serialNumber.toLowerCase()).not.toBe(serial);
  });

  it('needs a good certificate, and the same names', async () => {
    const { as, key, cert } = await enrolled('r3.example.test');
    const { csr } = await device('/CN=r3.example.test');
    expect((await post('simplereenroll', csr)).status).toBe(401);
    const { csr: more } = await device('/CN=r3.example.test', 'DNS:r3.example.test,DNS:evil.example.test');
    expect((await post('simplereenroll', more, ...as)).status).toBe(403);
    expect((await world.ask('/client/revoke', { key, cert }, { method: 'POST', body: {} })).status).toBe(200);
    expect((await post('simplereenroll', csr, ...as)).status).toBe(403);
  });

  it.each([
    ['another common name', '/CN=evil.example.test', ''],
    ['another common name beside its own names', '/CN=evil.example.test', 'DNS:NAME'],
    ['an organization for the common name', '/CN=Evil/O=Evil', ''],
  ])('refuses a request with %s (§4.2.2)', async (_, subject, san) => {
    const cn = `other${subject.length + san.length}.example.test`;
    const { as } = await enrolled(cn);
    const { csr } = await device(subject, san ? san.replace('NAME', cn) : undefined);
    for (const path of ['simplereenroll', 'simpleenroll', 'webapp/simplereenroll']) {
      const { status, body } = await post(path, csr, ...as);
      expect([path, status, body]).toEqual([path, 403, expect.stringMatching(/common name evil/i)]);
    }
  });

  it('accepts a common name in any case, and none', async () => {
    const { as } = await enrolled('r6.example.test');
    for (const subject of ['/CN=R6.Example.TEST', '/O=Plant', '/']) {
      const { csr } = await device(subject);
      expect([subject, (await post('simplereenroll', csr, ...as)).status]).toEqual([subject, 200]);
    }
  });

  it('accepts the name of the node that its certificate lacks, as the first request may have it', async () => {
    const { seed } = await world.register({ cn: 'press-7', profile: 'webapp', names: ['r7.example.test'] });
    const { csr, key } = await device('/CN=press-7');
    const [leaf] = await certificatesIn((await post('simpleenroll', csr, '-u', `press-7:${seed}`)).body);
    expect(leaf?.subject).not.toContain('press-7');
    await writeFile(file('r7.crt'), leaf?.toString() ?? '');
    const { csr: next } = await device('/CN=press-7');
    expect((await post('simplereenroll', next, '--cert', 'r7.crt', '--key', key)).status).toBe(200);
  });

  it.each(['simplereenroll', 'simpleenroll'])('%s has the profile of the certificate', async (operation) => {
    const { as } = await enrolled(`profile-${operation}.example.test`);
    const { csr } = await device(`/CN=profile-${operation}.example.test`);
    for (const other of ['server', 'nope']) {
      const { status, body } = await post(`${other}/${operation}`, csr, ...as);
      expect([other, status, body]).toEqual([other, 403, expect.stringContaining('profile "webapp"')]);
    }
    expect((await post(`webapp/${operation}`, csr, ...as)).status).toBe(200);
  });

  it('is 202 with Retry-After while the CA is unreachable', async () => {
    const { as } = await enrolled('r4.example.test');
    const { csr } = await device('/CN=r4.example.test');
    world.faults.reissue = async () => {
      throw new CaUnavailable('away');
    };
    const { status, head } = await post('simplereenroll', csr, ...as);
    expect({ status, told: head.includes('retry-after: ') }).toEqual({ status: 202, told: true });
  });
});
