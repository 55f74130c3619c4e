import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { AcmeClient } from '../../kit/acme-client.js';
import { httpServer } from '../../kit/challenge-servers.js';
import { type DnsServer, startDns } from '../../kit/dns-server.js';
import { type RunningUpki, runUpki, startUpki } from '../../kit/upki.js';

export interface Certificate {
  key: string;
  cert: string;
}

export interface Answer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
  /** The code of the REST envelope, or the type of the problem. */
  code: string | undefined;
}

/** A running uPKI with an administrator, and a web server to which every name resolves. */
export interface Target {
  upki: RunningUpki;
  admin: Certificate;
  /** The response of the web server for all names; it also serves the tokens of `answers`. */
  web: { answer(request: IncomingMessage, response: ServerResponse): boolean };
  /** Answers 127.0.0.1 for every name, unless configured otherwise. */
  dns: DnsServer;
  /** Key authorizations by token. */
  answers: Map<string, string>;
  /** Requests that reached 127.0.0.2, to which no name resolves. */
  inside: string[];
  webPort: number;
  account(): Promise<AcmeClient>;
  ask(
    method: string,
    path: string,
    more?: { by?: Certificate; headers?: Record<string, string>; body?: string },
  ): Promise<Answer>;
  close(): Promise<void>;
}

/** Denied names, and limits low enough to be reached. */
const POLICY = {
  UPKI_RA_DENY: 'secret.corp.test,10.66.0.0/16',
  UPKI_RA_LIMIT_DUPLICATES: '3',
  UPKI_RA_LIMIT_SEEDS: '5',
  UPKI_RA_CN: 'localhost',
};

export async function prepareTarget(): Promise<Target> {
  const dns = await startDns({}, (question) => ({
    records: question.startsWith('A ') ? [{ a: '127.0.0.1' }] : [],
  }));
  const answers = new Map<string, string>();
  const inside: string[] = [];
  const web: Target['web'] = { answer: () => false };
  const server = await httpServer((incoming, response) => {
    if (web.answer(incoming, response)) return;
    response.end(answers.get(incoming.url?.split('/').at(-1) ?? '') ?? 'nothing');
  });
  const webPort = server.port;
  const hidden = await httpServer(
    (incoming, response) => {
      inside.push(incoming.url ?? '');
      response.end('the secret of the inside');
    },
    '127.0.0.2',
    webPort,
  );
  const upki = await startUpki({
    env: { ...POLICY, UPKI_VA_RESOLVERS: `${dns.host}:${dns.port}`, UPKI_VA_HTTP_PORT: String(webPort) },
  });
  const admin = await makeAdmin(upki);
  return {
    ...{ upki, admin, web, dns, answers, inside, webPort },
    async account() {
      const client = new AcmeClient({ directoryUrl: upki.directoryUrl, ca: upki.rootPem });
      await client.newAccount();
      return client;
    },
    ask: (method, path, more = {}) => ask(upki, method, path, more),
    async close() {
      await upki.stop();
      await dns.close();
      for (const each of [server, hidden]) await each.close();
    },
  };
}

/** Runs a command on the CA's machine, as the operator does. */
async function makeAdmin(upki: RunningUpki): Promise<Certificate> {
  const cwd = upki.dataDir;
  await runUpki(['admin', 'add', 'alice'], { cwd, env: { HOME: cwd, UPKI_DATA_DIR: cwd } });
  const file = (name: string) => readFile(join(upki.dataDir, 'alice', name), 'utf8');
  return { key: await file('alice.key'), cert: await file('alice.crt') };
}

function ask(
  upki: RunningUpki,
  method: string,
  path: string,
  { by, headers = {}, body }: { by?: Certificate; headers?: Record<string, string>; body?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, upki.baseUrl),
      {
        ...{ method, ca: upki.rootPem, agent: false, timeout: 30_000, servername: 'localhost', ...by },
        headers: {
          ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }),
          ...headers,
        },
      },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk) => {
          text += chunk;
        });
        incoming.on('end', () => {
          const json = text.startsWith('{') ? (JSON.parse(text) as { code?: string; type?: string }) : {};
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text,
            code: json.code ?? json.type,
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
