/**
 * The options of a command: what `read` makes of its arguments. Ends the process when there is nothing to run: with 0 when help
 * was asked for, which `read` tells by null, with 2 and what is wrong when it threw.
 */
export function optionsGiven<T>(read: (args: string[]) => T | null, usage: string): T {
  try {
    const options = read(process.argv.slice(2));
    if (options !== null) return options;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
  process.stdout.write(usage);
  process.exit();
}

/** The value of a command line option. @throws RangeError naming it and what is wanted */
export function wholeNumber(option: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= low && value <= high) return value;
  throw new RangeError(`--${option} is "${text}": a whole number from ${low} to ${high} is wanted`);
}
