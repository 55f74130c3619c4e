/** Exit codes of the `upki` command. */
export const ExitCode = {
  failure: 1,
  /** Wrong usage of the command line: an unknown command or option, or a wrong value of one. */
  usage: 2,
  /** EX_CONFIG of sysexits.h: a program cannot start, and starting it again would not help. */
  cannotStart: 78,
} as const;

/** A program cannot start until the operator changes something, which the message names. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';
}

/** A usage error that the parser of options does not detect; the message names it. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

/** A command is refused, for example because it names something that does not exist. No setting or file is wrong. */
export class CommandRefused extends Error {
  override readonly name = 'CommandRefused';
}
