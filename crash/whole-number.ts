/** The value of a command line option. @throws RangeError naming it and what is wanted */
export function wholeNumber(option: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= low && value <= high) return value;
  throw new RangeError(`--${option} is "${text}": a whole number from ${low} to ${high} is wanted`);
}
