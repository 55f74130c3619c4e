import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { isIP, isIPv6, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { Deadline } from './deadline.js';
import type { Attempt, Dialer } from './dialer.js';
import { excerpt, socketError, ValidationFailure } from './failure.js';
import type { ValidationRequest } from './types.js';

/** RFC 8555 §8.3 allows redirects; ten is what browsers and other authorities follow. */
const MAX_REDIRECTS = 10;
/** A key authorization is under 200 octets; more is read only to tell the operator what came instead. */
const MAX_BODY = 16 * 1024;
const MAX_HEADERS = 16 * 1024;

export interface Http01Options {
  /** Port of the first request; 80 on real networks. */
  port: number;
  /** Ports a redirect to https may name besides 443. */
  tlsPort: number;
  userAgent: string;
}

/** RFC 8555 §8.3: the key authorization is at a well-known path of the name. @throws ValidationFailure */
export async function validateHttp01(
  challenge: ValidationRequest,
  dialer: Dialer,
  options: Http01Options,
  attempt: Attempt,
): Promise<void> {
  const { value } = challenge.identifier;
  const host = isIPv6(value) ? `[${value}]` : value;
  const port = options.port === 80 ? '' : `:${options.port}`;
  let url = new URL(`http://${host}${port}/.well-known/acme-challenge/${challenge.token}`);
  const visited = new Set<string>();
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    if (visited.has(url.href))
      throw new ValidationFailure('connection', `${url.href} redirects in a circle`, true);
    visited.add(url.href);
    const answer = await get(url, dialer, options, attempt);
    if (answer.location === null) return compare(answer, challenge.keyAuthorization);
    url = nextUrl(answer.location, url, options);
  }
  throw new ValidationFailure(
    'connection',
    `more than ${MAX_REDIRECTS} redirects, the last to ${url.href}`,
    true,
  );
}

interface Answer {
  target: string;
  url: URL;
  status: number;
  body: Buffer;
  location: string | null;
}

/** §8.3: the body, trailing whitespace ignored, is the key authorization. */
function compare({ target, url, status, body }: Answer, keyAuthorization: string): void {
  const where = `${url.href} (${target})`;
  if (status !== 200) {
    throw new ValidationFailure(
      'unauthorized',
      `${where} answered HTTP ${status}, ${body.length} bytes ${excerpt(body)}; expected 200 with the key authorization`,
      true,
    );
  }
  if (body.toString('latin1').trimEnd() !== keyAuthorization) {
    throw new ValidationFailure(
      'incorrectResponse',
      `${where} answered ${body.length} bytes ${excerpt(body)}; expected the key authorization ${excerpt(Buffer.from(keyAuthorization), 100)}`,
      true,
    );
  }
}

/** Redirects stay within http and https on the ports a web server has, or the ones this validator is configured to use. */
function nextUrl(location: string, from: URL, options: Http01Options): URL {
  let url: URL;
  try {
    url = new URL(location, from);
  } catch {
    throw new ValidationFailure('connection', `${from.href} redirects to something that is no URL`, true);
  }
  const refuse = (why: string) =>
    new ValidationFailure('connection', `${from.href} redirects to ${url.href.slice(0, 200)}, ${why}`, true);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse('which is neither http nor https');
  if (url.username !== '' || url.password !== '') throw refuse('which holds a user name');
  const port = portOf(url);
  if (![80, 443, options.port, options.tlsPort].includes(port))
    throw refuse(`and port ${port} is not allowed`);
  url.hash = '';
  return url;
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

async function get(url: URL, dialer: Dialer, options: Http01Options, attempt: Attempt): Promise<Answer> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const { socket, target } = await dialer.dial(host, portOf(url), attempt);
  const started = attempt.now();
  const note = (outcome: string) =>
    attempt.records.push({ target, outcome, milliseconds: attempt.now() - started });
  try {
    const connection = url.protocol === 'https:' ? await secure(socket, host, attempt.deadline) : socket;
    const { status, location, body } = await exchange(connection, url, options.userAgent, attempt.deadline);
    note(`HTTP ${status}, ${body.length} bytes`);
    const redirect = [301, 302, 303, 307, 308].includes(status) ? location : undefined;
    return { target, url, status, body, location: redirect ?? null };
  } catch (error) {
    const type = error instanceof TlsFailure ? 'tls' : 'connection';
    const why = attempt.deadline.isOver ? 'timed out' : socketError(error);
    note(why);
    throw new ValidationFailure(type, `${url.href} (${target}): ${why}`, true);
  } finally {
    socket.destroy();
  }
}

class TlsFailure extends Error {}

/** §8.3 allows https after a redirect; the certificate proves nothing here and is not checked. */
function secure(socket: Socket, host: string, deadline: Deadline): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const secured = tlsConnect({
      socket,
      rejectUnauthorized: false,
      ...(isIP(host) === 0 && { servername: host }),
    });
    const aborted = () => secured.destroy(new TlsFailure('timed out'));
    deadline.whenOver(aborted);
    secured.once('error', (error) => reject(new TlsFailure(`TLS: ${error.message}`.slice(0, 120))));
    secured.once('secureConnect', () => {
      deadline.forget(aborted);
      resolve(secured);
    });
  });
}

/** Status, headers, and the body cut at the limit. */
interface Response {
  status: number;
  location: string | undefined;
  body: Buffer;
}

function exchange(socket: Socket, url: URL, userAgent: string, deadline: Deadline): Promise<Response> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      deadline.forget(aborted);
      outgoing.destroy();
      reject(error);
    };
    const aborted = () => fail(new Error('timed out'));
    const outgoing: ClientRequest = request({
      createConnection: () => socket,
      path: url.pathname + url.search,
      headers: { Host: url.host, 'User-Agent': userAgent, Accept: '*/*', Connection: 'close' },
      maxHeaderSize: MAX_HEADERS,
      setHost: false,
    });
    deadline.whenOver(aborted);
    outgoing.on('error', fail);
    // A peer that switches protocols (101) gets neither a response nor an error out of Node.
    outgoing.once('close', () => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
    outgoing.once('response', (incoming: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const done = () => {
        deadline.forget(aborted);
        const { statusCode: status = 0, headers } = incoming;
        const body = Buffer.concat(chunks).subarray(0, MAX_BODY);
        resolve({ status, location: headers.location, body });
      };
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= MAX_BODY) done();
      });
      incoming.once('end', done);
      incoming.on('error', fail);
    });
    outgoing.end();
    if (deadline.isOver) aborted();
  });
}
