import { ChannelRefused, ChannelUnavailable } from '../channel/errors.js';
import { ConfigError } from '../config/index.js';
import { fileTrouble } from '../lib/file-trouble.js';
import { CaLacksTask, CaRefused, CaUnavailable } from '../model/ca.js';
import { StoreConflict, StoreRefused, StoreTooNew, StoreUnavailable } from '../store/contract/errors.js';
import { CannotStart, CommandRefused, WrongUsage } from './exit.js';

/** Errors whose message is all that an operator needs. */
const PLAIN = [
  CannotStart,
  ChannelRefused,
  ChannelUnavailable,
  CommandRefused,
  CaLacksTask,
  CaRefused,
  CaUnavailable,
  StoreConflict,
  StoreRefused,
  StoreTooNew,
  StoreUnavailable,
  WrongUsage,
];

/** One or a few lines for the operator, with a stack trace only when the fault may be a bug. */
export function describeError(error: unknown): string {
  if (error instanceof ConfigError) return error.complaints.join('\n');
  if (!(error instanceof Error)) return String(error);
  if (PLAIN.some((each) => error instanceof each)) return error.message;
  return fileTrouble(error) ?? error.stack ?? error.message;
}
