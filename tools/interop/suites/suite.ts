import type { Tools } from '../../kit/tools.js';

/** One test of a suite, by its name there. */
export interface Result {
  test: string;
  passed: boolean;
  /** Its output, if it failed. */
  said: string;
}

/** Tests of a foreign project, written for Let's Encrypt's test server Pebble. */
export interface Suite {
  name: string;
  /** Failures with a reason outside uPKI, by test, with the reason. */
  known: Record<string, string>;
  /** @throws NotInstallable */
  prepare(tools: Tools): Promise<() => Promise<Result[]>>;
}
