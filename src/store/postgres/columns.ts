/** Types of columns by their names, as both schemas name them; all others are texts. */
function typeOf(column: string): string {
  if (/_at$|^at$|^not_(before|after)$/.test(column)) return 'bigint';
  return /reason$|_once$|_waived$/.test(column) ? 'integer' : 'text';
}

/**
 * `$1::text, $2::bigint, …` for a list of columns, from `$first` on: in a SELECT that an INSERT takes its row from,
 * PostgreSQL does not look at the columns for the parameters' types.
 */
export function parameters(columns: string, first = 1): string {
  return columns
    .split(', ')
    .map((column, index) => `$${first + index}::${typeOf(column)}`)
    .join(', ');
}

/** The same with an array for each column, for any number of rows in one statement. */
export function arrayParameters(columns: string, first = 1): string {
  return parameters(columns, first).replace(/(?=,|$)/g, '[]');
}

/** The columns of the table with this alias. */
export function qualified(columns: string, alias: string): string {
  return columns
    .split(', ')
    .map((column) => `${alias}.${column}`)
    .join(', ');
}
