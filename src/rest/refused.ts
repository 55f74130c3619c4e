import { RestError } from '../http/rest-error.js';
import { RETRY_AFTER } from '../model/problem.js';
import { Refused } from '../model/refusal.js';

/** What the RA answers, its refusals in the words of REST. @throws RestError */
export async function orRefused<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new RestError(error.reason, error.message, {
      ...(error.field !== null && { field: error.field }),
      ...(error.reason === 'unavailable' && { retryAfter: RETRY_AFTER }),
    });
  }
}
