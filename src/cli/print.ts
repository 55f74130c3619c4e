/** Prints text, or octets, to standard output as they are. */
export const print = (text: string | Uint8Array): void => void process.stdout.write(text);

/**
 * Prints text and waits for a reader that is slower than the disk.
 * @returns whether more may be printed; false once the reader has closed the pipe or the disk is full
 */
export function printSlowly(text: string): Promise<boolean> {
  return new Promise((resolve) => {
    process.stdout.write(text, (error) => resolve(!error));
  });
}

/** Prints a line to standard output. */
export const say = (line: string): void => print(`${line}\n`);

/** Prints a sentence for the operator to standard error. */
export const warn = (sentence: string): void => void process.stderr.write(`uPKI: ${sentence}\n`);

/** JSON for `--json`, indented. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** A time for people and logs, RFC 3339 in UTC. @param time ms since the epoch */
export const iso = (time: number): string => new Date(time).toISOString();
