import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createHttpServer } from '../../http/server.js';
import { type ApiOptions, restApi } from '../../rest/index.js';
import { workerNumber } from './worker.js';

/** The longest path of a socket in octets that every system accepts. */
const MOST_PATH = 103;

/** The socket on which an RA accepts commands from its own machine. */
export const controlSocket = (dataDir: string): string => join(dataDir, 'control.sock');

/**
 * Serves REST on a socket in the RA's folder. Only the owner of the folder can open the socket, and counts as an administrator,
 * because the owner also has the database and the keys. Only the first worker serves it. Never rejects: without the socket, commands
 * use HTTPS.
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
    // The folder is locked, so no other process listens on the socket.
    await rm(path, { force: true });
    const app = createHttpServer({ log });
    // A request on the socket has no host name, so URLs in its answers use the RA's main name and port.
    const baseUrl = () => api.baseUrl(undefined);
    await app.register(restApi, { ...api, baseUrl, prefix: '/api/v1', local: true });
    await app.listen({ path, exclusive: true });
    await chmod(path, 0o600);
    onClose(() => app.close());
  } catch (error) {
    log.warn({ err: error }, 'commands on this machine need --url');
  }
}
