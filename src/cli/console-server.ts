import { randomBytes, timingSafeEqual, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { errorMessage } from '../lib/error-message.js';
import { fileReason } from '../lib/file-trouble.js';
import { ConsoleFiles, consoleHeaders } from '../pages/console.js';
import { CannotStart } from '../programs/exit.js';

/** The files of `upki admin add`, all in PEM. */
interface AdministratorFiles {
  key: string;
  certificate: string;
  root: string;
}

/** Reads the files of an administrator. @throws CannotStart when one is missing or damaged, or the certificate is not valid now */
export function readAdministrator(folder: string, now: number = Date.now()): AdministratorFiles {
  const files = readFiles(folder);
  const { validFrom, validTo, subject } = new X509Certificate(files.certificate);
  const of = `${folder} cannot sign in: the certificate of ${subject}`;
  if (now > Date.parse(validTo))
    throw new CannotStart(
      `${of} ended on ${validTo}; \`upki admin add\` on the machine of the CA makes another`,
    );
  if (now < Date.parse(validFrom))
    throw new CannotStart(`${of} is valid from ${validFrom} on, by this machine's clock`);
  return files;
}

/** @throws CannotStart */
function readFiles(folder: string): AdministratorFiles {
  try {
    const keys = readdirSync(folder).filter((name) => name.endsWith('.key'));
    const [key] = keys;
    if (key === undefined || keys.length > 1) {
      throw new Error(`it holds ${keys.length === 0 ? 'no' : 'more than one'} .key file`);
    }
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    const files = {
      key: read(key),
      certificate: read(key.replace(/key$/, 'crt')),
      root: read('upki-root.crt'),
    };
    new X509Certificate(files.certificate);
    return files;
  } catch (error) {
    throw new CannotStart(
      `${folder} is not a folder of an administrator: ${fileReason(error, folder) ?? errorMessage(error)}`,
    );
  }
}

interface ConsoleServerOptions {
  administrator: AdministratorFiles;
  /** Scheme, host and port of the RA. */
  base: string;
  /** Port on the loopback address; 0 chooses a free one. */
  port: number;
  /** Folder of the console's files. Default: the folder of the build. */
  folder?: string;
}

export interface ConsoleServer {
  /** A link that works once. */
  link: string;
  close(): Promise<void>;
}

const COOKIE = 'upki_console';
/** Limit of a forwarded request body in octets, equal to the RA's. */
const MAX_BODY = 65_536;
/** The headers of the RA's answer that the browser needs. */
const PASSED_ON = ['content-type', 'cache-control', 'retry-after', 'etag', 'last-modified'];

/**
 * Serves the console on the loopback address and forwards `/api/v1/` to the RA with the administrator's
 * certificate. Other users and programs of the machine can reach the port, so every request needs the cookie that the one-time
 * link sets. Requests of other sites are refused by `Host` (DNS rebinding), by the cookie (SameSite) and by
 * `Sec-Fetch-Site`.
 * @throws CannotStart when the port is not available
 */
export async function startConsole(options: ConsoleServerOptions): Promise<ConsoleServer> {
  const files = new ConsoleFiles(options.folder);
  const { key, certificate, root } = options.administrator;
  const agent = new Agent({ key, cert: certificate, ca: root, keepAlive: true, maxSockets: 6 });
  const session = randomBytes(32).toString('base64url');
  let once: string | null = randomBytes(32).toString('base64url');
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    const own = `127.0.0.1:${portOf()}`;
    if (request.headers.host !== own)
      return refuse(response, 421, 'the Host header is not that of the console');
    const [path = ''] = url.split('?', 1);
    const { 'sec-fetch-site': site, origin } = request.headers;
    if (path === '/start') {
      const token = new URL(url, `http://${own}`).searchParams.get('token') ?? '';
      if (once === null || request.method !== 'GET' || !same(token, once)) {
        return refuse(response, 403, 'this link has already been used, or is wrong: run upki console again');
      }
      once = null;
      response.writeHead(303, {
        location: '/console/',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'set-cookie': `${COOKIE}=${session}; Path=/; HttpOnly; SameSite=Strict`,
      });
      return response.end();
    }
    if (!same(cookieOf(request), session)) {
      return refuse(response, 403, 'open the link that upki console printed');
    }
    if (
      (site !== undefined && site !== 'same-origin' && site !== 'none') ||
      (origin ?? `http://${own}`) !== `http://${own}`
    ) {
      return refuse(response, 403, 'requests from pages of other sites are refused');
    }
    if (path.startsWith('/api/v1/')) return passOn(request, response, new URL(url, options.base), agent);
    const file = path.startsWith('/console/') ? files.find(path.slice('/console/'.length)) : null;
    if (file === null || (request.method !== 'GET' && request.method !== 'HEAD')) {
      return refuse(response, 404, 'there is nothing at this URL');
    }
    return response
      .writeHead(200, consoleHeaders(files, file))
      .end(request.method === 'HEAD' ? '' : file.content);
  });
  const portOf = () => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : options.port;
  };
  await new Promise<void>((listening, failed) => {
    server.once('error', (error) => failed(new CannotStart(`the console cannot listen: ${error.message}`)));
    server.listen(options.port, '127.0.0.1', listening);
  });
  return {
    link: `http://127.0.0.1:${portOf()}/start?token=${once}`,
    close: () => {
      agent.destroy();
      server.closeAllConnections();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
}

function refuse(response: ServerResponse, status: number, message: string): ServerResponse {
  const body = JSON.stringify({ status: 'error', message, code: 'forbidden' });
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    connection: 'close',
  });
  return response.end(body);
}

/** Compares two secrets in constant time. */
function same(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function cookieOf({ headers }: IncomingMessage): string {
  for (const part of (headers.cookie ?? '').split(';')) {
    const [name = '', value = ''] = part.trim().split('=', 2);
    if (name === COOKIE) return value;
  }
  return '';
}

/** Forwards only the headers of the body, not the browser's cookie or headers that identify a client. */
function passOn(request: IncomingMessage, response: ServerResponse, url: URL, agent: Agent): ServerResponse {
  const { 'content-type': type, 'content-length': length } = request.headers;
  if (Number(length ?? 0) > MAX_BODY || request.headers['transfer-encoding'] !== undefined) {
    return refuse(response, 413, 'the request is too large');
  }
  const onward = httpsRequest(
    url,
    {
      ...{ method: request.method, agent, timeout: 60_000 },
      headers: {
        accept: 'application/json',
        ...(type !== undefined && { 'content-type': type }),
        ...(length !== undefined && { 'content-length': length }),
      },
    },
    (answer) => {
      const headers = PASSED_ON.map((name) => [name, answer.headers[name]]).filter(([, value]) => value);
      response.writeHead(answer.statusCode ?? 502, {
        ...Object.fromEntries(headers),
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      });
      answer.pipe(response);
    },
  );
  onward.on('timeout', () => onward.destroy(new Error('it does not answer')));
  onward.on('error', (error) => {
    if (response.headersSent) response.destroy();
    else refuse(response, 502, `${url.origin} cannot be reached: ${error.message}`);
  });
  request.pipe(onward);
  return response;
}
