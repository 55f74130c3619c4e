import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { SMTPServer } from 'smtp-server';
import { afterEach } from 'vitest';
import type { Finding } from '../../src/notices/message.js';

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export const log = pino({ level: 'silent' });

export const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

interface Got {
  headers: IncomingMessage['headers'];
  body: string;
}

/** A webhook receiver that answers what `answer` says; null: it hangs. */
export async function receiver(answer: {
  status: number | null;
}): Promise<{ url: string; got: Got[]; server: Server }> {
  const got: Got[] = [];
  const server = createServer((request, response: ServerResponse) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      got.push({ headers: request.headers, body });
      if (answer.status !== null) response.writeHead(answer.status, { location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=s3cret`, got, server };
}

interface Mail {
  to: string[];
  raw: string;
}

export async function mailServer(port = 0): Promise<{ port: number; mails: Mail[]; close(): Promise<void> }> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      let raw = '';
      stream.on('data', (chunk) => {
        raw += chunk;
      });
      stream.on('end', () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), raw });
        done();
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => new Promise<void>((resolve) => server.close(resolve));
  undo.push(close);
  return { port: (server.server.address() as AddressInfo).port, mails, close };
}

export const finding = (key: string, facts: Partial<Finding> = {}): Finding => ({
  ...{ type: 'certificate.not_renewed', key, line: `line of ${key}`, facts: { serial: key } },
  ...facts,
});
