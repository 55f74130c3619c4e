import type { Logger } from 'pino';
import { isLoopback } from '../../lib/loopback.js';

/** The options contradict each other; the message says what to change. */
export class CaOptionsError extends Error {
  override readonly name = 'CaOptionsError';
}

interface ClearModeOptions {
  mode: 'curve' | 'clear';
  host: string;
  clearAny: boolean;
  operationsPort: number | null;
  registrationPort: number | null;
  log: Logger;
}

/**
 * Refuses clear mode on a network, unless UPKI_ZMQ_CLEAR_ANY allows it too. Clear mode has no authentication: every program that
 * reaches the port can issue certificates. One wrong setting must not expose a CA.
 */
export function refuseOpenClear({
  mode,
  host,
  clearAny,
  log,
  operationsPort,
  registrationPort,
}: ClearModeOptions): void {
  if (mode !== 'clear') return;
  const reach = isLoopback(host) ? 'every program on this machine' : `everybody who can reach ${host}`;
  if (!isLoopback(host) && !clearAny) {
    throw new CaOptionsError(
      `clear mode on ${host} would let ${reach} have any certificate signed and revoke any; ` +
        'listen on 127.0.0.1, use curve mode, or set UPKI_ZMQ_CLEAR_ANY=yes beside UPKI_ZMQ_MODE=clear if the network itself is trusted',
    );
  }
  const exposed = [
    ...(operationsPort === null
      ? []
      : [
          'without any authentication: signing for any name, revoking any certificate, the list of administrators',
        ]),
    ...(registrationPort === null
      ? []
      : ['unencrypted at registration: the seed, and the private key of an RA that sends no CSR']),
  ];
  log.warn(
    { host, operationsPort, registrationPort },
    `clear mode exposes to ${reach}: ${exposed.join('; ')}`,
  );
}
