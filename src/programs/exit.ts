/** Exit codes of the `upki` command. */
export const ExitCode = {
  failure: 1,
  /** Wrong usage of the command line: an unknown command or option, or a wrong value of one. */
  usage: 2,
  /** EX_CONFIG of sysexits.h: a program cannot start as things are, and starting it again would not help. */
  cannotStart: 78,
} as const;

/** A program cannot start until the operator changes something; the message says what. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';
}

/** A usage error that the parser of options does not detect; the message names it. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

/** A command does not do what was asked, as when it names something that does not exist; nothing needs to be set or mended first. */
export class CommandRefused extends Error {
  override readonly name = 'CommandRefused';
}
