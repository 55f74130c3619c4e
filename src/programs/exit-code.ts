import { ConfigError } from '../config/index.js';
import { fileTrouble } from '../lib/file-trouble.js';
import { StoreRefused, StoreTooNew } from '../store/contract/errors.js';
import { CannotStart, ExitCode, WrongUsage } from './exit.js';

const FINAL = [CannotStart, ConfigError, StoreRefused, StoreTooNew];

/** The exit code for a command that ended with `error`. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof WrongUsage || (error instanceof ConfigError && error.isUsage)) return ExitCode.usage;
  return cannotStart(error) ? ExitCode.cannotStart : ExitCode.failure;
}

/** Whether restarting would not help: a configuration error, or an unusable file. */
export function cannotStart(error: unknown): boolean {
  return FINAL.some((kind) => error instanceof kind) || fileTrouble(error) !== null;
}
