/** A refusal as the REST API words it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Of query parameters; those undefined or empty are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** `data` of a REST route below /api/v1. @throws ApiError with the sentence of the server, or why it could not be asked */
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
