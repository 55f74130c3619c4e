import { setFlagsFromString } from 'node:v8';

/**
 * Settings that keep RA and CA under 240 MiB together, for some CPU (tools/bench/README.md): by default Node
 * is sized for a machine of its own.
 */

/**
 * Node's flags for the size of the young generation in MiB (V8 uses three times that). With the default of 16
 * it would fill with garbage before any is collected, and so small a heap occupies no more than one helper
 * thread.
 */
export function youngGeneration(mebibytes: number): string[] {
  return [`--max-semi-space-size=${mebibytes}`, '--v8-pool-size=1'];
}

/**
 * By default glibc gives every thread its own arena, mostly unused; one arena serves all. Free memory at its
 * end, and large blocks, go back to the system.
 */
export const SMALL_ALLOCATOR = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '131072',
};

/**
 * How much the old generation may grow before it is collected, in percent. The default is 100; nearly
 * everything that RA and CA keep is code, and a collection takes 3 ms.
 */
const HEAP_GROWTH = 10;

/** Call before a program loads its code. */
export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
}
