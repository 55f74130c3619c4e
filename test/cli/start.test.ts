import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseCrl } from '../../src/x509/crl.js';
import { fromPem } from '../../src/x509/pem.js';
import { AcmeClient } from '../../tools/kit/acme-client.js';
import { caChannel } from '../../tools/kit/ca-channel.js';
import { httpServer } from '../../tools/kit/challenge-servers.js';
import { startDns } from '../../tools/kit/dns-server.js';
import { newFolder } from '../../tools/kit/folder.js';
import { gone, type RunningUpki, startUpki, type UpkiOptions } from '../../tools/kit/upki.js';
import { Heard } from '../support/heard.js';
import { certId, ocspRequest, readOcsp } from '../support/ocsp.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
}, 30_000);

async function start(options: UpkiOptions = {}): Promise<RunningUpki> {
  const running = await startUpki(options);
  ending.push(() => running.alive() && running.stop());
  return running;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ending.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** The network of a name to prove: its DNS server and its web server. */
async function network(name: string) {
  const answers = new Map<string, string>();
  const web = await httpServer((request, response) => {
    const answer = answers.get(request.url ?? '');
    response.writeHead(answer ? 200 : 404).end(answer);
  });
  const dns = await startDns({ [`A ${name}`]: { records: [{ a: '127.0.0.1' }] } });
  ending.push(web.close, dns.close);
  const solve = async ({ token, keyAuthorization }: { token: string; keyAuthorization: string }) => {
    answers.set(`/.well-known/acme-challenge/${token}`, keyAuthorization);
  };
  const env = { UPKI_VA_HTTP_PORT: String(web.port), UPKI_VA_RESOLVERS: `${dns.host}:${dns.port}` };
  return { solve, env };
}

function client({ directoryUrl, rootPem }: RunningUpki): AcmeClient {
  const made = new AcmeClient({ directoryUrl, ca: rootPem });
  ending.push(() => made.close());
  return made;
}

describe('upki start', () => {
  it('makes a CA and an RA in an empty directory, and an ACME client gets, uses and revokes a certificate', async () => {
    const { solve, env } = await network('app.example.test');
    const running = await start({ env: { ...env, UPKI_RA_CN: 'localhost' } });
    const acme = client(running);
    await acme.newAccount({ contact: ['mailto:admin@example.test'] });
    const { chain } = await acme.issue({ names: ['app.example.test'], solve });
    const leaf = new X509Certificate(chain);
    expect(leaf.subjectAltName).toBe('DNS:app.example.test');
    await acme.revoke(chain, { reason: 4 });
    const [crlUrl = ''] = /http:\/\/localhost:\d+\/crl\/\w+\.crl/.exec(leaf.raw.toString('latin1')) ?? [];
    const crl = parseCrl(Buffer.from(await (await fetch(crlUrl)).arrayBuffer()));
    expect(crl.entries.map(({ serial }) => serial)).toContain(leaf.serialNumber.toLowerCase());
  });

  it('remembers its name and addresses, and changes them only when they are set', async () => {
    const dataDir = newFolder();
    const inFile = (name: string) => readFileSync(join(dataDir, 'ra', name), 'utf8');
    const certified = () => new X509Certificate(inFile('ra.crt'));
    const names = { UPKI_RA_CN: 'pki.example.test', UPKI_RA_SANS: '10.9.8.7' };
    await (await start({ dataDir, env: names })).stop();

    await (await start({ dataDir })).stop();
    expect(inFile('url')).toMatch(/^https:\/\/pki\.example\.test:\d+\n$/);
    expect(certified().subjectAltName).toContain('IP Address:10.9.8.7');

    await (await start({ dataDir, env: { UPKI_RA_CN: 'vm.example.test' } })).stop();
    expect(inFile('url')).toContain('https://vm.example.test:');
    expect(certified().subjectAltName).toContain('DNS:vm.example.test');
  });

  it('answers OCSP at the URL in the certificate, also after a hold and a second revocation', async () => {
    const { solve, env } = await network('app.example.test');
    const running = await start({ env: { ...env, UPKI_RA_CN: 'localhost' } });
    const acme = client(running);
    await acme.newAccount();
    const { chain } = await acme.issue({ names: ['app.example.test'], solve });
    const [leaf, issuer] = fromPem('CERTIFICATE', chain).map((der) => new X509Certificate(der));
    if (!leaf || !issuer) return expect.unreachable();
    const url = /OCSP - URI:(\S+)/.exec(leaf.infoAccess ?? '')?.[1] ?? '';
    expect(url).toBe(`http://localhost:${running.ports.http}/ocsp`);
    const ask = async () => {
      const body = ocspRequest([certId(issuer.raw, leaf.serialNumber.toLowerCase())]);
      const headers = { 'content-type': 'application/ocsp-request' };
      const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
      const [told] = readOcsp(Buffer.from(await answer.arrayBuffer()), issuer.raw).answers;
      return [told?.status, told?.reason];
    };
    const ca = await caChannel(running);
    ending.push(() => ca.close());
    expect(await ask()).toEqual(['good', null]);
    // RFC 5280 §5.3.1: a hold is the operator's, not the holder's.
    await ca.tasks.call('revoke', { dn: 'app.example.test', reason: 'certificateHold' });
    expect(await ask()).toEqual(['revoked', 6]);
    await ca.tasks.call('unrevoke', { dn: 'app.example.test' });
    expect(await ask()).toEqual(['good', null]);
    await acme.revoke(chain, { reason: 1 });
    expect(await ask()).toEqual(['revoked', 1]);
  });

  it('with UPKI_RA_HTTP=no serves nothing over plain HTTP, and certificates have no CRL and OCSP URLs', async () => {
    const { solve, env } = await network('app.example.test');
    const taken = await listening(createServer());
    const running = await start({
      env: { ...env, UPKI_RA_CN: 'localhost', UPKI_RA_HTTP: 'no', UPKI_RA_HTTP_PORT: String(taken) },
    });
    const acme = client(running);
    await acme.newAccount();
    const { chain } = await acme.issue({ names: ['app.example.test'], solve });
    const leaf = new X509Certificate(chain);
    expect(leaf.infoAccess).toBeUndefined();
    expect(leaf.raw.toString('latin1')).not.toContain('http:');
  });

  it('makes keys and folders readable by their owner only', async () => {
    const { dataDir } = await start();
    const mode = (path: string) => statSync(join(dataDir, path)).mode & 0o777;
    const secrets = ['ra/ra.key', 'ra/channel.key', 'ca/ocsp.pem'];
    expect([mode('ra'), mode('ca'), ...secrets.map(mode)]).toEqual([0o700, 0o700, 0o600, 0o600, 0o600]);
  });

  it('serves after a restart under the same root with the same accounts', async () => {
    const dataDir = newFolder();
    const first = await start({ dataDir });
    const acme = client(first);
    await acme.newAccount();
    expect(await first.stop()).toBe(0);
    const second = await start({ dataDir, ports: first.ports });
    expect(second.rootPem).toBe(first.rootPem);
    const again = new AcmeClient({ directoryUrl: second.directoryUrl, ca: second.rootPem, key: acme.key });
    ending.push(() => again.close());
    const found = await again.newAccount({ onlyReturnExisting: true });
    expect(found.status).toBe(200);
    expect(again.accountUrl).toBe(acme.accountUrl);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends both programs cleanly on %s', async (signal) => {
    const running = await start();
    const { supervisor, ra, ca } = running.pids();
    process.kill(supervisor, signal);
    expect(await running.stop()).toBe(0);
    expect([ra, ca].map(alive)).toEqual([false, false]);
  });

  it.each(['ra', 'ca'] as const)('starts the %s again when it was killed, and logs this', async (which) => {
    const heard = new Heard();
    const running = await start({ onOutput: heard.take });
    const before = running.pids()[which];
    await running.kill(which);
    await heard.until((lines) =>
      lines.some((line) => line.includes(`the ${which.toUpperCase()} serves again`)),
    );
    expect(heard.lines).toContain(
      `uPKI: the ${which.toUpperCase()} was ended by SIGKILL; starting it again in 0.1 s`,
    );
    expect(running.pids()[which]).not.toBe(before);
    await client(running).newAccount();
  });

  it('leaves no program behind when it is killed itself', async () => {
    const running = await start();
    const { ra, ca } = running.pids();
    await running.kill('supervisor');
    expect([ra, ca]).toEqual([expect.any(Number), expect.any(Number)]);
    await Promise.all([ra, ca].map((pid) => gone(Number(pid))));
  });

  it('completes a first start that was killed at any moment', async () => {
    const dataDir = newFolder();
    for (const delay of [150, 300, 450, 600, 800, 1000, 1300]) {
      await upki(
        ['start'],
        { UPKI_DATA_DIR: dataDir, UPKI_RA_PORT: '0', UPKI_RA_HTTP_PORT: '0', UPKI_CA_PORT: '0' },
        delay,
      );
    }
    const running = await start({ dataDir });
    expect((await client(running).newAccount()).status).toBe(201);
  });

  it('obtains a new certificate for itself when UPKI_RA_SANS changed, and keeps its key', async () => {
    const dataDir = newFolder();
    const first = await start({ dataDir });
    const key = readFileSync(join(dataDir, 'ra/ra.key'), 'utf8');
    await first.stop();
    await start({ dataDir, ports: first.ports, env: { UPKI_RA_SANS: 'pki.example.test,192.0.2.7' } });
    const certificate = new X509Certificate(readFileSync(join(dataDir, 'ra/ra.crt')));
    expect(certificate.checkHost('pki.example.test')).toBe('pki.example.test');
    expect(certificate.checkIP('192.0.2.7')).toBe('192.0.2.7');
    expect(readFileSync(join(dataDir, 'ra/ra.key'), 'utf8')).toBe(key);
  });

  it('upki health reports ready while it serves, and the reason when it does not', async () => {
    const dataDir = newFolder();
    const running = await start({ dataDir });
    const env = { UPKI_DATA_DIR: dataDir, UPKI_RA_HOST: '127.0.0.1', UPKI_RA_PORT: String(running.ports.ra) };
    expect(await upki(['health'], env)).toMatchObject({ code: 0, stdout: 'ready\n' });
    const ended = await listening(createServer((socket) => socket.destroy()));
    const wrong = [
      [{ UPKI_RA_PORT: String(ended) }, 'ends the connection without an answer'],
      [{ UPKI_RA_PORT: String(running.ports.http) }, 'does not speak TLS: it is the port of plain HTTP'],
      [{ UPKI_RA_PORT: String(running.ports.ca) }, 'or of another program'],
      [{ UPKI_RA_TLS: 'false', UPKI_RA_URL: 'https://pki.test' }, 'This port speaks HTTPS'],
    ] as const;
    for (const [change, sentence] of wrong) {
      const { code, stderr } = await upki(['health'], { ...env, ...change });
      expect([code, stderr]).toEqual([1, expect.stringContaining(sentence)]);
    }
    const at = `http://127.0.0.1:${running.ports.http}`;
    expect((await fetch(`${at}/api/v1/public/health?ready=1`)).status).toBe(200);
    const elsewhere = await fetch(`${at}/acme/directory`);
    expect([elsewhere.status, await elsewhere.text()]).toEqual([
      404,
      expect.stringContaining(
        'this is the plain-HTTP port, for CRL, OCSP and issuers: ACME and REST are at https://',
      ),
    ]);
    const plain = await fetch(`http://127.0.0.1:${running.ports.ra}/acme/directory`);
    expect([plain.status, await plain.text()]).toEqual([
      400,
      expect.stringContaining(`ask https://…:${running.ports.ra}`),
    ]);
    const ca = running.pids().ca ?? expect.unreachable();
    process.kill(ca, 'SIGSTOP');
    const without = await upki(['health'], env);
    process.kill(ca, 'SIGCONT');
    expect(without.code).toBe(1);
    expect(without.stderr).toContain('not ready: the certificate authority cannot be reached');
    await running.stop();
    const gone = await upki(['health'], env);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toMatch(/^uPKI: no RA answers on 127\.0\.0\.1:\d+: /);
    expect(await upki(['health'], { UPKI_DATA_DIR: newFolder() })).toMatchObject({ code: 78 });
  }, 60_000);

  it('refuses a second start on the same directory', async () => {
    const { dataDir } = await start();
    const second = await upki(['start'], {
      UPKI_DATA_DIR: dataDir,
      UPKI_RA_PORT: '0',
      UPKI_RA_HTTP_PORT: '0',
      UPKI_CA_PORT: '0',
    });
    expect(second.code).toBe(78);
    expect(second.stderr).toContain(`another uPKI runs on ${dataDir}`);
  });

  it('names the variable of each port that is in use', async () => {
    const port = String(await listening(createServer()));
    const variables = ['UPKI_RA_PORT', 'UPKI_RA_HTTP_PORT', 'UPKI_CA_PORT', 'UPKI_CA_REGISTRATION_PORT'];
    const free = Object.fromEntries(variables.map((variable) => [variable, '0']));
    const starts = variables.map((variable) =>
      upki(['start'], { UPKI_DATA_DIR: newFolder(), UPKI_RA_HOST: '127.0.0.1', ...free, [variable]: port }),
    );
    for (const [index, { code, stderr }] of (await Promise.all(starts)).entries()) {
      expect(code).toBe(78);
      expect(stderr).toContain(`port ${port} for `);
      expect(stderr).toContain(`set ${variables[index]} to another port`);
    }
  });
});

function alive(pid: number | null): boolean {
  try {
    return pid !== null && process.kill(pid, 0);
  } catch {
    return false;
  }
}
