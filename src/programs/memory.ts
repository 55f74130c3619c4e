import { setFlagsFromString } from 'node:v8';

/**
 * Settings that keep RA and CA together below 240 MiB, at the cost of some CPU (tools/bench/README.md). Node's defaults are for a
 * program with a machine of its own.
 */

/**
 * Node's flags for the size of the young generation in MiB (V8 uses three times that). With the default of 16, the heap fills with
 * garbage before a collection. One helper thread suffices for a heap of this size.
 */
export function youngGeneration(mebibytes: number): string[] {
  return [`--max-semi-space-size=${mebibytes}`, '--v8-pool-size=1'];
}

/**
 * Settings of glibc's allocator: one arena for all threads, instead of one mostly unused arena for each. Large blocks, and free memory
 * at the end of the arena, are returned to the system.
 */
export const SMALL_ALLOCATOR = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '131072',
};

/**
 * How much the old generation may grow before it is collected, in percent. The default is 100. Nearly all of the heap of RA and CA is
 * code, and a collection takes 3 ms.
 */
const HEAP_GROWTH = 10;

/** Call before a program loads its code. */
export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
}
