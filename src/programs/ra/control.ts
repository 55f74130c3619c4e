import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createHttpServer } from '../../http/server.js';
import { type ApiOptions, restApi } from '../../rest/index.js';
import { workerNumber } from './worker.js';

/** The longest socket path on every system, with its terminator. */
const MOST_PATH = 103;

/** The socket on which an RA accepts commands from its own machine. */
export const controlSocket = (dataDir: string): string => join(dataDir, 'control.sock');

/**
 * Serves REST on a socket in the RA's own folder, which only its owner can open: that is an administrator,
 * because he has the database and the keys as well. Of several workers the first does. Never rejects: without it commands use HTTPS.
 */
export async function listenForCommands(
  dataDir: string,
  api: ApiOptions,
  log: Logger,
  onClose: (undo: () => unknown) => void,
): Promise<void> {
  if (workerNumber() > 1) return;
  const path = controlSocket(dataDir);
  if (Buffer.byteLength(path) > MOST_PATH) {
    log.warn(`${path} is too long for a socket: commands on this machine need --url`);
    return;
  }
  try {
    // The folder is locked: nobody else listens there.
    await rm(path, { force: true });
    const app = createHttpServer({ log });
    // A socket has no name: what is printed for others has the RA's main one, with its port.
    const baseUrl = () => api.baseUrl(undefined);
    await app.register(restApi, { ...api, baseUrl, prefix: '/api/v1', local: true });
    await app.listen({ path, exclusive: true });
    await chmod(path, 0o600);
    onClose(() => app.close());
  } catch (error) {
    log.warn({ err: error }, 'commands on this machine need --url');
  }
}
