import { ConfigError } from '../config/index.js';
import { CannotStart } from './exit.js';

/** One or a few lines for a person: what an operator can mend without a stack trace, everything else with it. */
export function describeError(error: unknown): string {
  if (error instanceof ConfigError) return error.complaints.join('\n');
  if (error instanceof CannotStart) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
