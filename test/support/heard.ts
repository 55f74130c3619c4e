/** Lines that something says as it goes on, and the moment at which they say what a test waits for. */
export class Heard {
  readonly lines: string[] = [];
  #look: () => void = () => {};

  readonly take = (line: string): void => {
    this.lines.push(line);
    this.#look();
  };

  /** Resolves as soon as the lines are what is waited for. */
  async until(told: (lines: readonly string[]) => boolean): Promise<void> {
    while (!told(this.lines)) {
      await new Promise<void>((resolve) => {
        this.#look = resolve;
      });
    }
  }
}
