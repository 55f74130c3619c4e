import { AcmeError } from '../../tools/kit/acme-bodies.js';

/** Returns the problem with which a request was refused. @throws Error if the request was accepted or failed otherwise */
export async function refused(attempt: Promise<unknown>): Promise<AcmeError> {
  const outcome = await attempt.then(
    () => new Error('accepted'),
    (error: unknown) => error,
  );
  if (outcome instanceof AcmeError) return outcome;
  throw outcome;
}
