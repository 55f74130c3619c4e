import { isIP, isIPv6, Socket } from 'node:net';
import type { AddressSet } from './address-policy.js';
import { type Attempt, startRecord } from './attempt.js';
import { Deadline } from './deadline.js';
import type { Resolver } from './dns/resolver.js';
import { socketError, ValidationFailure } from './failure.js';

/** Longest wait for one address to accept a connection, in ms. Hosts of a private network answer far sooner. */
const CONNECT_TIMEOUT = 3_000;
/** Time in ms after which the next address is tried in parallel (RFC 8305 §5). */
const NEXT_AFTER = 500;
/** Limit of records about refused addresses: a name may have any number of addresses. */
const MAX_RECORDS = 50;
/** Limit of addresses tried for a name: enough for a dual-stack host, too few to use this authority for a port scan. */
const MAX_ADDRESSES = 4;

interface Connection {
  socket: Socket;
  /** Address and port, for messages. */
  target: string;
}

/** Opens connections to names and addresses, by policy. */
export class Dialer {
  constructor(
    private readonly resolver: Resolver,
    /** Addresses that are never dialed. */
    private readonly denied: AddressSet,
  ) {}

  /**
   * Connects to one of the host's addresses: the first that accepts, IPv6 tried before IPv4.
   * @param isRedirect whether a redirect leads there
   * @throws ValidationFailure dns, connection or, for an identifier that is a forbidden address,
   * rejectedIdentifier
   */
  async dial(host: string, port: number, attempt: Attempt, isRedirect = false): Promise<Connection> {
    const literal = isIP(host) !== 0;
    const addresses = literal ? [host] : await this.#resolve(host, attempt);
    const permitted = addresses.filter((address) => {
      const rule = this.#ruleAgainst(address, isRedirect, attempt);
      if (rule !== null && attempt.records.length < MAX_RECORDS)
        attempt.records.push({ target: address, outcome: `not dialed: ${rule}`, milliseconds: 0 });
      return rule === null;
    });
    if (permitted.length === 0) {
      const what = literal ? host : `${host} (${addresses.slice(0, MAX_ADDRESSES).join(', ')})`;
      const redirected = isRedirect ? ' after a redirect' : '';
      throw new ValidationFailure(
        literal && !isRedirect ? 'rejectedIdentifier' : 'connection',
        `${isRedirect ? host : what}: this authority's policy forbids connecting to that address${redirected}`,
        false,
      );
    }
    const targets = permitted.map((address) => ({ address, target: targetOf(address, port) }));
    const alive = targets.filter(({ target }) => !attempt.dead.has(target));
    const dead = targets.filter(({ target }) => attempt.dead.has(target));
    const tried = [...alive, ...dead].slice(0, MAX_ADDRESSES);
    return connectToFirst(tried, port, attempt, (failures) => {
      const name = literal ? '' : `${host}: `;
      return new ValidationFailure('connection', `could not connect to ${name}${failures.join('; ')}`, true);
    });
  }

  /** The rule that forbids dialing the address, for operators; null when none does. */
  #ruleAgainst(address: string, isRedirect: boolean, attempt: Attempt): string | null {
    const denied = this.denied.entryFor(address);
    if (denied !== null) return `${denied} of UPKI_VA_DENY`;
    return isRedirect && !attempt.redirects.allows(address) ? 'no redirect may lead there' : null;
  }

  async #resolve(host: string, attempt: Attempt): Promise<string[]> {
    const record = startRecord(attempt, host);
    try {
      return await this.resolver.addresses(host, attempt.deadline);
    } catch (error) {
      if (error instanceof ValidationFailure) record(error.detail);
      throw error;
    }
  }
}

function targetOf(address: string, port: number): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`;
}

/** Tries the addresses in turn, starting the next as soon as one fails or is slow, until one accepts. */
function connectToFirst(
  targets: readonly { address: string; target: string }[],
  port: number,
  attempt: Attempt,
  failed: (failures: string[]) => ValidationFailure,
): Promise<Connection> {
  const waiting = [...targets];
  const under = new Map<string, { started: number; limit: Deadline }>();
  const failures: string[] = [];
  const record = (target: string, outcome: string, started: number) =>
    attempt.records.push({ target, outcome, milliseconds: attempt.now() - started });
  let timer: NodeJS.Timeout | undefined;
  return new Promise<Connection>((resolve, reject) => {
    let won = false;
    const next = () => {
      clearTimeout(timer);
      const tried = attempt.deadline.isOver && failures.length > 0 ? undefined : waiting.shift();
      if (!tried) {
        if (under.size === 0) reject(failed(failures));
        return;
      }
      const { address, target } = tried;
      const started = attempt.now();
      const limit = new Deadline(CONNECT_TIMEOUT, attempt.deadline);
      under.set(target, { started, limit });
      timer = setTimeout(next, NEXT_AFTER);
      open(address, port, limit)
        .finally(() => limit.release())
        .then(
          (socket) => {
            if (won) return void socket.destroy();
            won = true;
            under.delete(target);
            attempt.redirects.reached(address);
            attempt.dead.delete(target);
            // Addresses that were tried earlier and have not answered count as dead for later connections.
            for (const [slower, { started: since }] of under) {
              attempt.dead.add(slower);
              record(slower, 'no answer before another address answered', since);
            }
            resolve({ socket, target });
          },
          (error) => {
            if (won) return;
            under.delete(target);
            attempt.dead.add(target);
            const outcome = socketError(error);
            record(target, outcome, started);
            failures.push(`${target}: ${outcome}`);
            next();
          },
        );
    };
    next();
  }).finally(() => {
    clearTimeout(timer);
    for (const { limit } of under.values()) limit.end();
  });
}

function open(address: string, port: number, deadline: Deadline): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new Socket();
    const timedOut = () => fail(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }));
    const release = () => {
      deadline.forget(timedOut);
      socket.removeListener('error', fail);
      socket.removeListener('connect', connected);
    };
    const fail = (error: Error) => {
      release();
      // A late error of an abandoned socket is ignored.
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const connected = () => {
      release();
      // The user of the socket adds its own listener; without any listener an error would end the process.
      socket.on('error', () => {});
      resolve(socket);
    };
    socket.once('error', fail);
    socket.once('connect', connected);
    if (deadline.isOver) return timedOut();
    deadline.whenOver(timedOut);
    socket.setNoDelay(true);
    socket.connect(port, address);
  });
}
