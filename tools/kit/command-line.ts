/**
 * The options of a command, as `read` parses its arguments. Exits if there is nothing to run: with 0 if help was requested
 * (`read` returns null), with 2 and the message if `read` throws.
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

/** The value of a command line option. @throws RangeError naming the option and the values allowed */
export function wholeNumber(option: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= low && value <= high) return value;
  throw new RangeError(`--${option} is "${text}": a whole number from ${low} to ${high} is wanted`);
}
