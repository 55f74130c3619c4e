import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

/**
 * Ends a run with one plain line, `N passed, N failed[, N skipped]`, which is easy to find and to parse at the end of a
 * long log. A file that cannot be loaded and an error outside every test count as failures.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly unknown[],
    reason: TestRunEndReason,
  ): void {
    const states = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    );
    const count = (state: string) => states.filter((each) => each === state).length;
    const broken = modules.filter((module) => module.errors().length > 0).length + unhandled.length;
    const failed = count('failed') + broken;
    const unfinished = count('pending') > 0 || (reason !== 'passed' && failed === 0) ? 1 : 0;
    const skipped = count('skipped');
    const tally = `${count('passed')} passed, ${failed + unfinished} failed`;
    // After the other reporters' own summaries, which print on the same event.
    process.once('exit', () =>
      process.stdout.write(`${tally}${skipped > 0 ? `, ${skipped} skipped` : ''}\n`),
    );
  }
}
