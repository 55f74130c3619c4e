import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';

/** How many characters may wait for a slow reader or a stalled disk; further lines are dropped. */
const MOST_WAITING = 1024 * 1024;

/** Ms until a pipe that is full for now is tried again. */
const RETRY = 100;

/** Writes to an open file and tells how many octets it took; `fs.write` of a file descriptor. */
export type WriteOctets = (
  octets: Buffer,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

/**
 * The end of a program's log. A program that serves outlives its log: lines that a full disk or a closed pipe does not take are dropped,
 * and lines are written again as soon as there is space.
 */
export class LogOutput {
  #waiting = '';
  #busy = false;

  constructor(
    private readonly fd: number,
    private readonly writeOctets: WriteOctets,
    private readonly most = MOST_WAITING,
  ) {
    process.once('exit', () => this.#flush());
  }

  /** Takes a line; never throws. */
  write(line: string): void {
    if (this.#waiting.length + line.length > this.most) return;
    this.#waiting += line;
    if (!this.#busy) this.#next();
  }

  /** The same as a stream, for `pino-pretty`. */
  stream(): Writable {
    return new Writable({
      decodeStrings: false,
      write: (line, _encoding, done) => {
        this.write(String(line));
        done();
      },
    });
  }

  #next(): void {
    this.#busy = this.#waiting !== '';
    if (!this.#busy) return;
    const octets = Buffer.from(this.#waiting);
    this.#waiting = '';
    this.#writeAll(octets);
  }

  #writeAll(octets: Buffer): void {
    this.writeOctets(octets, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#writeAll(octets), RETRY).unref();
      } else if (error === null && written < octets.length) {
        this.#writeAll(octets.subarray(written));
      } else {
        this.#next();
      }
    });
  }

  /** The last lines, written at once and tried only once: the process ends. */
  #flush(): void {
    try {
      writeSync(this.fd, this.#waiting);
    } catch {
      // There is nowhere left to say it.
    }
  }
}
