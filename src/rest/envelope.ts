import type { CaRefused } from '../model/ca.js';
import { Refused } from '../model/refusal.js';

/** The envelope of every success; `http/failures.ts` sends the envelope of failures. */
export function success(data: unknown): { status: 'success'; data: unknown } {
  return { status: 'success', data };
}

/** The refusal for a client when the CA refuses, with the CA's message. */
export function refusedByCa({ message, kind }: CaRefused): Refused {
  if (kind === 'forbidden') return new Refused('forbidden', message);
  if (kind === 'notFound') return new Refused('notFound', message);
  if (kind === 'alreadyRevoked') return new Refused('conflict', message);
  return new Refused('unprocessable', message, kind === 'badCSR' ? { field: 'csr' } : {});
}
