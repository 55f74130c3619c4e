/** The message of any thrown value; of an AggregateError without one, as of a host with several addresses, those of its errors. */
export function errorMessage(error: unknown): string {
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map(errorMessage).join('; ');
  return error instanceof Error ? error.message : String(error);
}
