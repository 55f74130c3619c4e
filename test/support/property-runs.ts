/** Property tests try PROPERTY_RUNS cases each instead of a hundred, where they do not say how many themselves. */
const runs = Number(process.env.PROPERTY_RUNS ?? 0);
if (runs > 0) {
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: runs });
}
