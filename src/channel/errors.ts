/** Error codes of the wire contract, shown to peers as `[code] message`. */
export const ErrorCode = {
  validation: 200,
  certificate: 300,
  profile: 500,
  communication: 700,
} as const;

type ErrorCodeValue = (typeof ErrorCode)[keyof typeof ErrorCode];

/**
 * Kinds of refusal, for programs. Sent as the additional envelope member `KIND`, which older peers ignore.
 * `retry`: the CA could not answer now, and it is unknown whether anything was done. `unknownTask`: the peer does not
 * have this task; an older peer says so only in its message. `forbidden`: the requester may not do this.
 */
export const REFUSAL_KINDS = [
  'badCSR',
  'rejectedIdentifier',
  'alreadyRevoked',
  'notFound',
  'forbidden',
  'unknownTask',
  'retry',
  'other',
] as const;
export type RefusalKind = (typeof REFUSAL_KINDS)[number];

/** Thrown by a task handler; the peer receives `[code] message` and the kind. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  constructor(
    readonly code: ErrorCodeValue,
    message: string,
    readonly kind: RefusalKind = 'other',
  ) {
    super(message);
  }
}

/** The peer answered with an error. `message` is its text without the code. */
export class ChannelRefused extends Error {
  override readonly name = 'ChannelRefused';
  constructor(
    message: string,
    readonly code: number | null,
    readonly kind: RefusalKind,
  ) {
    super(message);
  }
}

/** No answer: not connected, timed out, connection lost, or the queue is full. The task may have been carried out. */
export class ChannelUnavailable extends Error {
  override readonly name = 'ChannelUnavailable';
  /** The task was never sent, so it was not carried out. */
  readonly unsent: boolean;
  constructor(message: string, { unsent = false }: { unsent?: boolean } = {}) {
    super(message);
    this.unsent = unsent;
  }
}
