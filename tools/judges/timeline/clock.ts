import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Tools } from '../../kit/tools.js';

/** How often programs read the file of their clock, in seconds; after a change the clock waits twice as long. */
const LOOKED_AT = 1;

/** A clock that libfaketime gives to programs and that is stepped while they run. Pauses and timeouts use the real clock. */
export class FakedClock {
  readonly #file: string;
  #ahead = 0;

  constructor(
    folder: string,
    name: string,
    private readonly faketime: string,
  ) {
    this.#file = join(folder, `${name}.clock`);
    this.#write(0);
  }

  /** The programs' time, in milliseconds since the epoch. */
  now(): number {
    return Date.now() + this.#ahead;
  }

  /** How far it is ahead of the real clock, in milliseconds. */
  get ahead(): number {
    return this.#ahead;
  }

  /** Variables for the environment of a program. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: this.faketime,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: String(LOOKED_AT),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** Resolves when running programs have read the change. */
  async set(ahead: number): Promise<void> {
    this.#write(ahead);
    await pause(LOOKED_AT * 1_500);
  }

  /** Advances an hour every half second, for this many hours. */
  async runFast(hours: number): Promise<void> {
    for (let passed = 0; passed < hours; passed += 1) {
      this.#write(this.#ahead + 3600_000);
      await pause(500);
    }
    await this.set(this.#ahead);
  }

  #write(ahead: number): void {
    this.#ahead = ahead;
    const seconds = Math.round(ahead / 1000);
    writeFileSync(this.#file, `${seconds < 0 ? '' : '+'}${seconds}s\n`);
  }
}

/** Debian's name of the architecture in library paths. */
const MACHINE = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

/** Path of the library for programs with threads. @throws NotInstallable */
export function faketimeLibrary(tools: Tools): Promise<string> {
  return tools.aptUnpacked('libfaketime', `usr/lib/${MACHINE}/faketime/libfaketimeMT.so.1`);
}
