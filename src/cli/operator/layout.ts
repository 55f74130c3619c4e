/** Columns of a table: the title and a function for the text of a cell. */
type Columns<Row> = readonly [title: string, cell: (row: Row) => string | undefined][];

/** Formats rows as a table; each column is as wide as its widest cell. */
export function table<Row>(rows: readonly Row[], columns: Columns<Row>): string {
  const cells = rows.map((row) => columns.map(([, cell]) => printable(cell(row) ?? '')));
  const lines = [columns.map(([title]) => title), ...cells];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const laid = lines.map((line) =>
    line
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${laid.join('\n')}\n`;
}

/** Removes control characters, so that a client's text cannot control the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

/** A time to the minute, in UTC. */
export function minute(time: string | undefined): string {
  return time === undefined ? '' : time.slice(0, 16).replace('T', ' ');
}

/** Named facts, one on each line; empty ones are left out. */
export function facts(pairs: readonly [name: string, value: string | number | undefined | null][]): string {
  const known = pairs.filter(([, value]) => value !== undefined && value !== null && value !== '');
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${printable(String(value))}\n`).join('');
}
