import { isIP, isIPv6, type Socket } from 'node:net';
import { type Attempt, startRecord } from './attempt.js';
import type { Deadline } from './deadline.js';
import type { Dialer } from './dialer.js';
import { excerpt, socketError, ValidationFailure } from './failure.js';
import { handshake, TlsFailure } from './handshake.js';
import { exchange } from './http/exchange.js';
import { BadLocation, hostOf, nextUrl, portOf } from './http/location.js';
import { HttpError, type ResponseReader } from './http/response-reader.js';
import type { ValidationRequest } from './types.js';

/** RFC 8555 §8.3 allows redirects. Other authorities follow ten. */
const MAX_REDIRECTS = 10;

interface Http01Options {
  /** Port of the first request; 80 on real networks. */
  port: number;
  /** Ports a redirect to https may name besides 443. */
  tlsPort: number;
  userAgent: string;
}

/**
 * One request of a chain of redirects. `place` names it in messages. It is a URL only if this authority or
 * the identifier's own host chose it. Messages repeat nothing from a host behind a redirect, because the
 * client may not be able to reach that host.
 */
interface Hop {
  url: URL;
  index: number;
  place: string;
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
  const first = new URL(`http://${host}${port}/.well-known/acme-challenge/${challenge.token}`);
  const visited = new Set<string>();
  let hop: Hop = { url: first, index: 0, place: first.href };
  for (;;) {
    if (visited.has(hop.url.href))
      throw new ValidationFailure('connection', `${first.href} redirects in a circle`, true);
    visited.add(hop.url.href);
    const { answer, target } = await get(hop, dialer, options, attempt);
    if (answer.location === null) return compare(answer, { ...hop, target }, challenge.keyAuthorization);
    if (hop.index === MAX_REDIRECTS) {
      throw new ValidationFailure(
        'connection',
        `${first.href} leads to more than ${MAX_REDIRECTS} redirects`,
        true,
      );
    }
    hop = follow(answer.location, hop, first, options);
  }
}

/** §8.3: the body, trailing whitespace ignored, is the key authorization. */
function compare(answer: ResponseReader, hop: Hop & { target: string }, keyAuthorization: string): void {
  const { status, body } = answer;
  const where = `${hop.place} (${hop.target})`;
  const quoted = hop.index === 0 ? ` ${body.length} bytes ${excerpt(body)}` : '';
  if (status !== 200) {
    throw new ValidationFailure(
      'unauthorized',
      `${where} answered HTTP ${status}${quoted && `,${quoted}`}; expected 200 with the key authorization`,
      true,
    );
  }
  if (body.toString('latin1').trimEnd() !== keyAuthorization) {
    throw new ValidationFailure(
      'incorrectResponse',
      `${where} answered${quoted || ' something else'}; expected the key authorization ${excerpt(Buffer.from(keyAuthorization), 100)}`,
      true,
    );
  }
}

/** The next hop. @throws ValidationFailure when the URL is not allowed */
function follow(location: string, from: Hop, first: URL, options: Http01Options): Hop {
  const index = from.index + 1;
  try {
    const url = nextUrl(location, from.url, [80, 443, options.port, options.tlsPort]);
    return { url, index, place: index === 1 ? url.href.slice(0, 300) : `redirect ${index} of ${first.href}` };
  } catch (error) {
    if (!(error instanceof BadLocation)) throw error;
    const why = index === 1 ? error.message : 'to a URL that is not followed';
    throw new ValidationFailure('connection', `${from.place} redirects ${why}`, true);
  }
}

async function get(
  { url, index, place }: Hop,
  dialer: Dialer,
  options: Http01Options,
  attempt: Attempt,
): Promise<{ answer: ResponseReader; target: string }> {
  const host = hostOf(url);
  const { socket, target } = await dialer
    .dial(host, portOf(url), attempt, index > 0)
    .catch((error: unknown) => Promise.reject(index > 1 ? unnamed(error, place) : error));
  const record = startRecord(attempt, target);
  try {
    const connection = url.protocol === 'https:' ? await secure(socket, host, attempt.deadline) : socket;
    const answer = await exchange(connection, url, options.userAgent, attempt.deadline);
    record(`HTTP ${answer.status}, ${answer.body.length} bytes`);
    return { answer, target };
  } catch (error) {
    const why = attempt.deadline.isOver ? 'timed out' : whyFailed(error);
    record(why);
    const type = error instanceof TlsFailure ? 'tls' : 'connection';
    throw new ValidationFailure(type, `${place} (${target}): ${why}`, true);
  } finally {
    socket.destroy();
  }
}

function whyFailed(error: unknown): string {
  return error instanceof TlsFailure || error instanceof HttpError ? error.message : socketError(error);
}

/** A failure to reach the target of a later redirect, without its name. */
function unnamed(error: unknown, place: string): unknown {
  if (!(error instanceof ValidationFailure)) return error;
  const why =
    error.type === 'dns' ? 'its name cannot be resolved' : 'it cannot be connected to, or may not be';
  return new ValidationFailure(error.type, `${place}: ${why}`, error.retryable);
}

/** §8.3 allows https after a redirect. The certificate proves nothing here, so neither it nor the version of TLS is checked. */
function secure(socket: Socket, host: string, deadline: Deadline): Promise<Socket> {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return handshake(socket, { ...servername, minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }, deadline);
}
