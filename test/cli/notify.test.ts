import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { newFolder } from '../../tools/kit/folder.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0)) await each();
});

const listening = async (server: Server | SMTPServer): Promise<void> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => new Promise((resolve) => server.close(() => resolve(null))));
};

async function receivers(status: number) {
  const hooks: string[] = [];
  const hook = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      hooks.push(body);
      response.writeHead(status).end();
    });
  });
  const mails: string[] = [];
  const mail = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    onAuth({ username, password }, _, done) {
      done(username === 'pki' && password === 'p@ss word' ? null : new Error('no such user'), {
        user: 'pki',
      });
    },
    onData(stream, _, done) {
      let raw = '';
      stream.on('data', (chunk) => {
        raw += chunk;
      });
      stream.on('end', () => {
        mails.push(raw);
        done();
      });
    },
    allowInsecureAuth: true,
  });
  mail.on('error', () => undefined);
  await listening(hook);
  await listening(mail);
  const smtp = (mail.server.address() as AddressInfo).port;
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook?key=s3cret`;
  const env = {
    UPKI_NOTIFY: `mailto:ops@example.test,${url}`,
    UPKI_NOTIFY_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    UPKI_SMTP_URL: `smtp://pki:${encodeURIComponent('p@ss word')}@127.0.0.1:${smtp}?from=upki@example.test`,
    UPKI_RA_CN: 'ra.example.test',
  };
  return { hooks, mails, env };
}

const run = (env: Record<string, string>) => upki(['notify', 'test', '-d', newFolder()], env);

it('upki notify test sends to every target, and prints the result', async () => {
  const { hooks, mails, env } = await receivers(204);
  const { code, stdout, stderr } = await run(env);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^mailto:ops@example\.test: sent\nhttp:\/\/127\.0\.0\.1:\d+: sent\n$/);
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatch(/^Subject: uPKI ra\.example\.test: this is a test/m);
  expect(JSON.parse(hooks[0] ?? '')).toMatchObject({ type: 'test', data: { ra: 'ra.example.test' } });
});

it('upki notify test exits with 1 and prints why each target failed, without a secret', async () => {
  const { env } = await receivers(500);
  const { code, stdout, stderr } = await run({
    ...env,
    UPKI_SMTP_URL: env.UPKI_SMTP_URL.replace('p%40ss', 'wr0ng'),
  });
  expect(code).toBe(1);
  expect(stdout).toMatch(/mailto:ops@example\.test: .*Invalid login/);
  expect(stdout).toMatch(/127\.0\.0\.1:\d+: HTTP 500/);
  expect(stdout + stderr).not.toMatch(/wr0ng|s3cret|whsec_/);
  const nobody = await run({});
  expect(nobody).toMatchObject({ code: 78, stderr: expect.stringMatching(/UPKI_NOTIFY has no targets/) });
});
