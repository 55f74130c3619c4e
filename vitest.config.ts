import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/property-runs.ts'],
    globalSetup: ['tools/kit/temporary-folder.ts', 'tools/kit/postgres/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['default', './test/support/tally-reporter.ts'],
  },
});
