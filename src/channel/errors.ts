/** Error codes of the wire contract, shown to peers as `[code] message`. */
export const ErrorCode = {
  validation: 200,
  certificate: 300,
  profile: 500,
  communication: 700,
} as const;

export type ErrorCodeValue = (typeof ErrorCode)[keyof typeof ErrorCode];

/**
 * What kind of refusal it is, for programs: sent as the additional envelope member `KIND`, which older peers
 * ignore. `retry`: the CA could not answer now and it is not known whether anything was done. `unknownTask`: the
 * peer has no such task; an older one says it in words only. `forbidden`: it is not for who asks.
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

/** Thrown by a task handler: the peer is told `[code] message` and the kind. */
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

/** The other side answered with an error. `message` is its text without the code. */
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

/** No answer: not connected, timed out, lost, or our queue is full. Whether the task was carried out is unknown. */
export class ChannelUnavailable extends Error {
  override readonly name = 'ChannelUnavailable';
  /** The task never left, so it was not carried out. */
  readonly unsent: boolean;
  constructor(message: string, { unsent = false }: { unsent?: boolean } = {}) {
    super(message);
    this.unsent = unsent;
  }
}
