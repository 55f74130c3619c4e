/** Why the RA says no to a REST client; each is the code of a REST error. */
export type RefusalReason =
  | 'invalidRequest'
  | 'unauthenticated'
  | 'forbidden'
  | 'notFound'
  | 'conflict'
  | 'unprocessable'
  | 'unavailable';

/** The RA's no, for the REST front end to pass on: the message is for the client. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly reason: RefusalReason,
    message: string,
    /** The parameter to blame, as the client wrote it. */
    readonly field: string | null = null,
  ) {
    super(message);
  }
}
