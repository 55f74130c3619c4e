import { createHash } from 'node:crypto';

export type Cell = null | number | string | Uint8Array;

const MODULUS = 1n << 256n;

/** A table's digest, independent of the order of its rows: their number, and the sum of their SHA-256 hashes. */
export class TableDigest {
  #rows = 0;
  #sum = 0n;

  add(row: readonly Cell[]): void {
    const hash = createHash('sha256');
    for (const cell of row) {
      const bytes = cell instanceof Uint8Array ? cell : Buffer.from(String(cell));
      hash.update(
        `${cell === null ? 'null' : cell instanceof Uint8Array ? 'bytes' : typeof cell} ${bytes.length} `,
      );
      hash.update(bytes);
    }
    this.#sum = (this.#sum + BigInt(`0x${hash.digest('hex')}`)) % MODULUS;
    this.#rows += 1;
  }

  get rows(): number {
    return this.#rows;
  }

  equals(other: TableDigest): boolean {
    return this.#rows === other.#rows && this.#sum === other.#sum;
  }
}
