import type { Failure } from '../../model/facts.js';

/** Failures of clients, with their reasons. */
export interface FailureKeeping {
  /** Stores the failure, and deletes all but the last `keep` of its name. */
  recordFailure(failure: Failure, keep: number): Promise<void>;
  /** Newest first, after the given id: of a name, of an account, or all. */
  listFailures(page: {
    after: string | null;
    limit: number;
    name?: string;
    accountId?: string;
  }): Promise<Failure[]>;
  /** Deletes failures before `before`, and all but the newest `keep`. */
  purgeFailures(before: number, keep: number): Promise<void>;
}
