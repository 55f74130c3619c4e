/** The values of a statement that is put together, in the order of their places in its text. */
export class Values {
  readonly all: (string | number)[] = [];

  /** `$n` for each, with commas between. */
  add(...values: (string | number)[]): string {
    return values.map((value) => `$${this.all.push(value)}`).join(', ');
  }
}
