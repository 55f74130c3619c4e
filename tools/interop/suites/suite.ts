import type { Tools } from '../../kit/tools.js';

/** One test of a suite, by its name there. */
export interface Result {
  test: string;
  passed: boolean;
  /** What it said, when it failed. */
  said: string;
}

/** Tests of a foreign project that are written for Let's Encrypt's test server Pebble. */
export interface Suite {
  name: string;
  /** Failures that are not uPKI's, by test, and why. */
  known: Record<string, string>;
  /** @throws NotInstallable */
  prepare(tools: Tools): Promise<() => Promise<Result[]>>;
}
