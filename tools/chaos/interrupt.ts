/** What is to be ended when the run is told to end. */
const open = new Set<() => Promise<unknown>>();

/** Calls `abort` when the run is told to end, before it does; returns what takes that back. */
export function onInterrupt(abort: () => Promise<unknown>): () => void {
  open.add(abort);
  return () => open.delete(abort);
}

/** Ends all of it, or gives up after so many milliseconds. */
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
