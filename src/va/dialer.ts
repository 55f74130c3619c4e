import { isIP, isIPv6, Socket } from 'node:net';
import type { AddressPolicy } from './address-policy.js';
import type { Deadline } from './deadline.js';
import type { Resolver } from './dns/resolver.js';
import { socketError, ValidationFailure } from './failure.js';
import type { AttemptRecord } from './types.js';

/** One address's time to accept a connection: a private network answers far sooner, a dead address never. */
const CONNECT_TIMEOUT = 3_000;
/** Enough for a dual-stack host with a spare; a name with hundreds of addresses gets no port scan out of us. */
const MAX_ADDRESSES = 4;

/** What one validation carries through its steps. */
export interface Attempt {
  deadline: Deadline;
  records: AttemptRecord[];
  now(): number;
}

/** Opens connections to names and addresses, by policy. */
export class Dialer {
  constructor(
    private readonly resolver: Resolver,
    private readonly policy: AddressPolicy,
  ) {}

  /**
   * A connected socket to the host's first address that accepts, IPv6 before IPv4, and the address as text for messages.
   * @throws ValidationFailure dns, connection or rejectedIdentifier
   */
  async dial(host: string, port: number, attempt: Attempt): Promise<{ socket: Socket; target: string }> {
    const literal = isIP(host) !== 0;
    const addresses = literal ? [host] : await this.#resolve(host, attempt);
    const permitted = addresses.filter((address) => this.policy.allows(address));
    if (permitted.length === 0) {
      const what = literal ? host : `${host} (${addresses.slice(0, MAX_ADDRESSES).join(', ')})`;
      attempt.records.push({ target: what, outcome: 'refused by policy, not dialed', milliseconds: 0 });
      throw new ValidationFailure(
        literal ? 'rejectedIdentifier' : 'connection',
        `${what}: this authority's policy forbids connecting to that address`,
        false,
      );
    }
    const failures: string[] = [];
    for (const address of permitted.slice(0, MAX_ADDRESSES)) {
      const target = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
      const started = attempt.now();
      try {
        const socket = await open(address, port, attempt.deadline);
        return { socket, target };
      } catch (error) {
        const outcome = socketError(error);
        attempt.records.push({ target, outcome, milliseconds: attempt.now() - started });
        failures.push(`${target}: ${outcome}`);
      }
    }
    const name = literal ? '' : `${host}: `;
    throw new ValidationFailure('connection', `could not connect to ${name}${failures.join('; ')}`, true);
  }

  async #resolve(host: string, attempt: Attempt): Promise<string[]> {
    const started = attempt.now();
    try {
      return await this.resolver.addresses(host, attempt.deadline);
    } catch (error) {
      if (error instanceof ValidationFailure) {
        attempt.records.push({ target: host, outcome: error.detail, milliseconds: attempt.now() - started });
      }
      throw error;
    }
  }
}

function open(address: string, port: number, deadline: Deadline): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new Socket();
    const timedOut = () => fail(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }));
    const timer = setTimeout(timedOut, CONNECT_TIMEOUT);
    const release = () => {
      clearTimeout(timer);
      deadline.forget(timedOut);
      socket.removeListener('error', fail);
      socket.removeListener('connect', connected);
    };
    const fail = (error: Error) => {
      release();
      // A late error of a socket given up on is nobody's concern.
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const connected = () => {
      release();
      resolve(socket);
    };
    deadline.whenOver(timedOut);
    socket.once('error', fail);
    socket.once('connect', connected);
    if (deadline.isOver) return timedOut();
    socket.setNoDelay(true);
    socket.connect(port, address);
  });
}
