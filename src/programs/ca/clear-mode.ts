import type { Logger } from 'pino';
import { isLoopback } from '../../channel/loopback.js';

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
 * Clear mode authenticates nobody: anybody who reaches the port has the CA sign. Beyond loopback it must be
 * enabled twice, as a mode and as an exposure, so that no single slip opens a CA to a network.
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
