import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { CannotStart } from './exit.js';

export interface PortWish {
  /** The listener's name, for the error message. */
  what: string;
  host: string;
  /** 0 for any free one. */
  port: number;
  variable: string;
}

/** Children of a killed supervisor need a moment to end, in ms. */
const PATIENCE = 3000;
const RETRY_EVERY = 100;

/** Checks that every port is free, and chooses different free ports for zeros. @throws CannotStart */
export async function freePorts(wishes: PortWish[], patience = PATIENCE): Promise<number[]> {
  const holds: Hold[] = [];
  try {
    for (const wish of wishes) holds.push(await holdPatiently(wish, patience));
    return holds.map(({ port }) => port);
  } finally {
    await Promise.all(holds.map(({ release }) => release()));
  }
}

interface Hold {
  port: number;
  release(): Promise<unknown>;
}

async function holdPatiently(wish: PortWish, patience: number): Promise<Hold> {
  for (let waited = 0; ; waited += RETRY_EVERY) {
    try {
      return await hold(wish.host, wish.port);
    } catch (error) {
      if (errorCode(error) !== 'EADDRINUSE' || waited >= patience) throw portProblem(error, wish);
    }
    await pause(RETRY_EVERY);
  }
}

async function hold(host: string, port: number): Promise<Hold> {
  const server = createServer();
  await listenOrFallBack(host, (address) => {
    return new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, resolve);
    });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    release: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Listens on `host`; on every IPv4 address instead of every address when the machine has no IPv6. */
export async function listenOrFallBack<T>(host: string, listen: (host: string) => Promise<T>): Promise<T> {
  try {
    return await listen(host);
  } catch (error) {
    if (host !== '::' || !['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(errorCode(error))) throw error;
    return listen('0.0.0.0');
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Explains what to change when a port is not available; any other error is returned as it is. */
export function portProblem(error: unknown, { what, host, port, variable }: PortWish): unknown {
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new CannotStart(
        `port ${port} for ${what} is in use; end what uses it or set ${variable} to another port`,
      );
    case 'EACCES':
      return new CannotStart(
        `port ${port} for ${what} may not be opened by this user; set ${variable} to 1024 or more`,
      );
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'ENOTFOUND':
    // ZeroMQ's error for a name that does not resolve.
    case 'ENODEV':
      return new CannotStart(
        `this machine does not have the address ${host} for ${what}; set ${variable.replace(/(_REGISTRATION|_HTTP)?_PORT$/, '_HOST')} to one that it has`,
      );
    default:
      return error;
  }
}
