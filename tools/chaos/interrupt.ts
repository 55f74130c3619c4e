/** What is to be ended when the run is told to end. */
const open = new Set<() => Promise<unknown>>();

/** Calls `abort` when the run is told to end, before it does; returns what takes that back. */
export function onInterrupt(abort: () => Promise<unknown>): () => void {
  open.add(abort);
  return () => open.delete(abort);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await Promise.allSettled([...open].map((abort) => abort()));
    process.exit(1);
  });
}
