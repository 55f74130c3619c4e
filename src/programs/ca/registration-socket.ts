import type { Logger } from 'pino';
import type { Context } from 'zeromq';
import { type CaServices, registrationHandlers } from '../../ca/tasks/index.js';
import type { RegistrationSettings } from '../../ca/tasks/registration.js';
import { registrationKeys } from '../../channel/curve-keys.js';
import { answerer } from '../../channel/dispatch.js';
import { ChannelServer } from '../../channel/server.js';
import { registration } from '../../channel/tasks/index.js';
import { readIfThere } from '../../lib/files.js';
import { SECOND } from '../../lib/time.js';

export type SeedKeys = ReturnType<typeof registrationKeys>;

/** ZAP domain of the socket. */
export const REGISTRATION = 'registration';

/** How often the file of the seed is read. */
const LOOK_EVERY = 2 * SECOND;

interface RegistrationSocketOptions {
  host: string;
  port: number;
  context: Context;
  services: CaServices;
  settings: RegistrationSettings;
  /** Keys made of the seed; null in clear mode. */
  keys: SeedKeys | null;
  /** The file of the seed, which is watched; null when the seed is configured. */
  seedFile: string | null;
  failed(error: unknown, task: string): void;
  log: Logger;
}

/**
 * The socket at which RAs register. A new seed in the CA's folder takes effect within seconds; the old one is then refused.
 */
export class RegistrationSocket {
  #keys: SeedKeys | null;
  #socket: ChannelServer | null = null;
  #timer: NodeJS.Timeout | undefined;
  #looking = Promise.resolve();

  private constructor(private readonly options: RegistrationSocketOptions) {
    this.#keys = options.keys;
  }

  /** @throws Error of a port in use */
  static async listen(options: RegistrationSocketOptions): Promise<RegistrationSocket> {
    const made = new RegistrationSocket(options);
    await made.#open(options.port);
    if (options.seedFile !== null) {
      const { seedFile, log } = options;
      const look = () =>
        made.#look(seedFile).catch((err) => log.error({ err }, 'the registration seed cannot be read'));
      made.#timer = setInterval(() => {
        made.#looking = made.#looking.then(look);
      }, LOOK_EVERY);
      made.#timer.unref();
    }
    return made;
  }

  get port(): number {
    return this.#socket?.port ?? 0;
  }

  /** Whether a client key is the one derived from the seed. */
  admits(key: string): boolean {
    return key === this.#keys?.client.publicKey;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.#socket?.close();
  }

  async #open(port: number): Promise<void> {
    const { host, context, services, settings, failed } = this.options;
    const secretKey = this.#keys?.server.secretKey;
    this.#socket = await ChannelServer.listen({
      ...{ host, port, context },
      answer: answerer(registration, registrationHandlers(services, settings), failed),
      security:
        secretKey === undefined ? { mode: 'clear' } : { mode: 'curve', secretKey, zapDomain: REGISTRATION },
    });
  }

  async #look(seedFile: string): Promise<void> {
    const { services, log } = this.options;
    const seed = (await readIfThere(seedFile))?.trim() ?? '';
    if (seed === '' || seed === services.seed) return;
    const { port } = this;
    // A seed that is too short changes nothing, and is reported every time.
    const keys = this.#keys && registrationKeys(seed);
    await this.#socket?.close();
    services.seed = seed;
    this.#keys = keys;
    await this.#open(port);
    log.warn('the registration seed is another now: RAs register with that one from here on');
  }
}
