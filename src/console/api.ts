/** An error of the REST API, with its message. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Query parameters; undefined and empty ones are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** Gets a REST route below /api/v1 and returns its `data`. @throws ApiError with the server's message, or that of the failed request */
export async function ask<Data>(path: string, query: Query = {}): Promise<Data> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const parameters = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return send<Data>('GET', parameters === '' ? path : `${path}?${parameters}`);
}

/** Sends a change. @throws ApiError */
export async function send<Data>(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: object,
): Promise<Data> {
  const answer = await fetch(`/api/v1${path}`, {
    method,
    headers: { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new ApiError(0, 'the server does not answer');
  });
  const envelope: unknown = await answer.json().catch(() => null);
  if (answer.ok && isSuccess<Data>(envelope)) return envelope.data;
  throw new ApiError(answer.status, messageOf(envelope) ?? `the server answered ${answer.status}`);
}

function isSuccess<Data>(envelope: unknown): envelope is { data: Data } {
  return typeof envelope === 'object' && envelope !== null && 'data' in envelope;
}

function messageOf(envelope: unknown): string | null {
  if (typeof envelope !== 'object' || envelope === null || !('message' in envelope)) return null;
  return typeof envelope.message === 'string' ? envelope.message : null;
}
