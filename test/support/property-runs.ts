import { vi } from 'vitest';

/** The cases that fast-check tries by itself, and the time a test has for them, in milliseconds. */
const [USUAL, TIME] = [100, 60_000];

/** Sets how many cases a property test tries by default: PROPERTY_RUNS instead of a hundred. More cases have more time. */
const runs = Number(process.env.PROPERTY_RUNS ?? 0);
if (runs > 0) {
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: runs });
  vi.setConfig({ testTimeout: TIME * Math.max(1, runs / USUAL) });
}
