import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mailer } from '../../src/notices/mail.js';
import { ServerSilent } from '../../src/notices/targets.js';
import { collectGarbage } from '../support/garbage.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const each of undo.splice(0).reverse()) await each();
});

interface SmtpServer {
  port: number;
  /** The lines of the client. */
  lines: string[];
  /** How many messages it received whole. */
  received(): number;
}

/** A mail server that answers a command with the text given for it, `''`: with nothing, else with a success; `.` is the end of a message. */
async function smtpServer(answers: Record<string, string>, host = '127.0.0.1'): Promise<SmtpServer> {
  const lines: string[] = [];
  const open = new Set<Socket>();
  let received = 0;
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    const say = (command: string, usual: string) => {
      const text = answers[command] ?? usual;
      if (text === 'hang up') socket.destroy();
      else if (text !== '') socket.write(`${text}\r\n`);
    };
    let inMessage = false;
    say('greeting', '220 mail.test');
    let waiting = '';
    socket.on('data', (chunk) => {
      const parts = (waiting + chunk).split('\r\n');
      waiting = parts.pop() ?? '';
      for (const line of parts) {
        if (inMessage && line !== '.') continue;
        if (!inMessage) lines.push(line);
        if (line === '.') received += 1;
        const command = line.split(' ', 1)[0]?.toUpperCase() ?? '';
        say(command, command === 'DATA' ? '354 go on' : '250 mail.test');
        inMessage = command === 'DATA' && answers.DATA === undefined;
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  undo.push(() => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, lines, received: () => received };
}

async function send(url: string, stop?: AbortSignal): Promise<void> {
  const mailTo = await mailer(url, 'ra.test', null);
  const message = { type: 'test' as const, subject: 's', text: 't', data: {} };
  await mailTo('ops@example.test').send({ id: 'n1', createdAt: 0 }, message, stop);
}

describe('a mail', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['the greeting', { greeting: '421 too many' }, /421 too many/],
    ['the sender', { MAIL: '451 try later' }, /451 try later/],
    ['the recipient', { RCPT: '550 unknown here' }, /550 unknown here/],
    ['the start of the message', { DATA: '452 no space' }, /452 no space/],
    ['the message', { '.': '554 spam' }, /554 spam/],
  ])('is not accepted by a server that refuses %s, whose words are the reason', async (_, answers, reason) => {
    const { port } = await smtpServer(answers);
    const refusal = await send(`smtp://127.0.0.1:${port}`).catch((error: unknown) => error);
    expect(refusal).toEqual(expect.objectContaining({ message: expect.stringMatching(reason) }));
    expect(refusal).not.toBeInstanceOf(ServerSilent);
  });

  it('is not accepted by a server that hangs up in place of its last answer, and is sent again', async () => {
    const server = await smtpServer({ '.': 'hang up' });
    await expect(send(`smtp://127.0.0.1:${server.port}`)).rejects.toBeInstanceOf(ServerSilent);
    expect(server.received()).toBe(1);
  });

  it('is given up after 45 seconds, shorter than its lease, whatever the server does', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    undo.push(() => vi.useRealTimers());
    const timer = vi.spyOn(globalThis, 'setTimeout');
    const server = await smtpServer({ MAIL: '' });
    const sending = send(`smtp://127.0.0.1:${server.port}`);
    await vi.waitUntil(() => server.lines.some((line) => line.startsWith('MAIL')));
    await collectGarbage();
    vi.advanceTimersByTime(45_000);
    await expect(sending).rejects.toMatchObject({ message: 'it timed out', cause: { name: 'AbortError' } });
    expect(timer).toHaveBeenCalledWith(expect.any(Function), 45_000);
  });

  it('in progress ends when the program ends', async () => {
    const stop = new AbortController();
    const server = await smtpServer({ MAIL: '' });
    const sending = send(`smtp://127.0.0.1:${server.port}`, stop.signal);
    await vi.waitUntil(() => server.lines.some((line) => line.startsWith('MAIL')));
    stop.abort(new Error('this RA stopped'));
    await expect(sending).rejects.toMatchObject({
      message: 'this RA stopped',
      cause: { name: 'AbortError' },
    });
  });
});

describe('the password of the mail server', () => {
  const offersLogin = { EHLO: '250-mail.test\r\n250 AUTH PLAIN', AUTH: '235 welcome' };

  it('is sent over TLS alone: a server whose STARTTLS was removed on the way gets neither it nor the mail', async () => {
    // 0.0.0.0 leads to this machine, but is no loopback address.
    const server = await smtpServer({ ...offersLogin, STARTTLS: '502 what?' }, '0.0.0.0');
    await expect(send(`smtp://user:secret@0.0.0.0:${server.port}`)).rejects.toThrow(/STARTTLS/);
    expect(server.lines.filter((line) => line.startsWith('AUTH'))).toEqual([]);
    expect(server.received()).toBe(0);
  });

  it('may be sent without TLS on this machine', async () => {
    const server = await smtpServer(offersLogin);
    await send(`smtp://user:secret@127.0.0.1:${server.port}`);
    expect(server.lines.some((line) => line.startsWith('AUTH PLAIN'))).toBe(true);
    expect(server.received()).toBe(1);
  });
});
