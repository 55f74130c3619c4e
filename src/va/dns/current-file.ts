import { readFileSync, statSync } from 'node:fs';

/** The shortest time between two checks of a file, in ms: a burst of validations shares one check. */
const LOOK_EVERY = 20;

/** A small system file in its current version: read again and parsed once for each change. */
export class CurrentFile<T> {
  #parsed: T;
  #seen: string | null = '';
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param parse takes the text; the empty text for a file that is absent or cannot be read */
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

/** Changes with every change of the file, also when another is put in its place; null without a file. */
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
