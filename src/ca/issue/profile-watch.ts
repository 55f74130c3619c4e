import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { SingleFlight } from '../../lib/single-flight.js';
import { loadProfiles, type Profile, ProfileError } from './profiles.js';

interface ProfileWatchOptions {
  /** The folder whose `*.yml` and `*.yaml` files add profiles. */
  folder: string;
  /** Organisation in the subjects of built-in profiles; null leaves them. */
  company: string | null;
  /** Called with all profiles after each change of the files, if they can be used. */
  use(profiles: Map<string, Profile>): void;
  log: Logger;
  /** Polling interval in ms. */
  interval?: number;
}

/**
 * Applies changed profile files without a restart. An unusable file is logged, and the current profiles stay
 * in use. Polls, because change events differ between file systems and are lost on network ones.
 */
export class ProfileWatch {
  #seen: string;
  #timer: NodeJS.Timeout;
  readonly #looking = new SingleFlight(() => this.#reload());

  private constructor(
    private readonly options: ProfileWatchOptions,
    seen: string,
  ) {
    this.#seen = seen;
    this.#timer = setInterval(() => void this.look(), options.interval ?? 5_000);
    this.#timer.unref();
  }

  /** Loads the profiles, then polls for changes. @throws ProfileError when a file cannot be used at the start */
  static async start(options: ProfileWatchOptions): Promise<ProfileWatch> {
    const seen = await fingerprint(options.folder);
    options.use(await loadProfiles(options.folder, options.company));
    return new ProfileWatch(options, seen);
  }

  /** Checks the files now. Never rejects. */
  look(): Promise<void> {
    return this.#looking.join();
  }

  /** Stops polling and waits for a running check. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking.idle();
  }

  async #reload(): Promise<void> {
    const { folder, company, use, log } = this.options;
    try {
      const now = await fingerprint(folder);
      if (now === this.#seen) return;
      // Recorded first, so that an unusable file is reported once and read again only after a change.
      this.#seen = now;
      const profiles = await loadProfiles(folder, company);
      use(profiles);
      log.info({ profiles: [...profiles.keys()] }, 'profiles were read again');
    } catch (error) {
      if (error instanceof ProfileError) log.error(`profiles stay as they were: ${error.message}`);
      else log.error({ err: error }, 'profiles stay as they were');
    }
  }
}

/** A text that differs after a file was added, removed, replaced or written. */
async function fingerprint(folder: string): Promise<string> {
  const names = (await readdir(folder).catch(() => [])).sort();
  const each = await Promise.all(
    names.map(async (name) => {
      const about = await stat(join(folder, name)).catch(() => null);
      return about && `${name} ${about.ino} ${about.size} ${about.mtimeMs}`;
    }),
  );
  return each.join('\n');
}
