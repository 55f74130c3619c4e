import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/property-runs.ts'],
    globalSetup: ['tools/kit/temporary-folder.ts', 'tools/kit/postgres/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One more than the cores CI has: tests wait for the programs they start.
    maxWorkers: 3,
    reporters: ['default', './test/support/tally-reporter.ts'],
  },
});
