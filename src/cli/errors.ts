import { ConfigError } from '../config/index.js';
import { CannotStart } from './exit.js';

/** One or a few lines for a person: what an operator can mend without a stack trace, everything else with it. */
export function describeError(error: unknown): string {
  if (error instanceof ConfigError) return error.complaints.join('\n');
  if (error instanceof CannotStart) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * Names the variable to change when a listener's port cannot be had.
 * @throws CannotStart for EADDRINUSE, EACCES and EADDRNOTAVAIL; the error itself otherwise.
 */
export function portProblem(
  error: unknown,
  what: string,
  port: number,
  variable: string,
  hostVariable: string,
): Error {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'EADDRINUSE') {
    return new CannotStart(
      `port ${port} for ${what} is in use; end what uses it or set ${variable} to another port`,
    );
  }
  if (code === 'EACCES') {
    return new CannotStart(
      `port ${port} for ${what} may not be opened by this user; set ${variable} to 1024 or more`,
    );
  }
  if (code === 'EADDRNOTAVAIL') {
    return new CannotStart(
      `this machine does not have the address ${what} is to listen on; set ${hostVariable}`,
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}
