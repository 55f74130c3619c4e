/** What to end when the run is interrupted. */
const open = new Set<() => Promise<unknown>>();

/** Calls `abort` when the run is interrupted, before the run ends; returns the function that cancels this. */
export function onInterrupt(abort: () => Promise<unknown>): () => void {
  open.add(abort);
  return () => open.delete(abort);
}

/** Ends everything, or gives up after this many milliseconds. */
export async function abortAll(limit: number): Promise<void> {
  const late = new Promise<void>((resolve) => void setTimeout(resolve, limit).unref());
  await Promise.race([Promise.allSettled([...open].map((abort) => abort())), late]);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await Promise.allSettled([...open].map((abort) => abort()));
    process.exit(1);
  });
}
