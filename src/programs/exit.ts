/** Exit codes of the `upki` command. */
export const ExitCode = {
  failure: 1,
  /** Wrong usage or configuration: the same command will fail again. */
  usage: 2,
  /** EX_CONFIG of sysexits.h: a program cannot start as things are, and starting it again would not help. */
  cannotStart: 78,
} as const;

/** A program cannot start, and the operator must change something; the message says what. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';
}
