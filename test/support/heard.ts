/** Collects the lines that a program writes. A test can wait until they meet a condition. */
export class Heard {
  readonly lines: string[] = [];
  #look: () => void = () => {};

  readonly take = (line: string): void => {
    this.lines.push(line);
    this.#look();
  };

  /** Resolves as soon as the lines meet the condition. */
  async until(isMet: (lines: readonly string[]) => boolean): Promise<void> {
    while (!isMet(this.lines)) {
      await new Promise<void>((resolve) => {
        this.#look = resolve;
      });
    }
  }
}
