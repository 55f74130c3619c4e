import { readFileSync, statSync } from 'node:fs';

/** The shortest time between two checks of a file, in ms: a burst of validations shares one check. */
const LOOK_EVERY = 20;

/** The current content of a small system file, which is read and parsed again after each change. */
export class CurrentFile<T> {
  #parsed: T;
  #seen: string | null = '';
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param parse receives the text, which is empty for a file that is missing or cannot be read */
  constructor(
    private readonly path: string,
    private readonly parse: (text: string) => T,
  ) {
    this.#parsed = parse('');
  }

  get(): T {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_EVERY) return this.#parsed;
    this.#lookedAt = now;
    const state = stateOf(this.path);
    if (state !== this.#seen) {
      this.#seen = state;
      this.#parsed = this.parse(state === null ? '' : textOf(this.path));
    }
    return this.#parsed;
  }
}

/** A text that differs after every change or replacement of the file; null when it is missing. */
function stateOf(path: string): string | null {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return null;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
