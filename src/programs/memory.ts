import { setFlagsFromString } from 'node:v8';

/** What keeps RA and CA under 240 MiB together, for some CPU (tools/bench/README.md): Node is sized for a machine of its own. */

/**
 * Node's flags for a young generation of so many MiB (V8 takes three times that). Its own 16 would be filled with what was
 * thrown away before any is looked at; and collecting so little is no work for more than one helping thread.
 */
export function youngGeneration(mebibytes: number): string[] {
  return [`--max-semi-space-size=${mebibytes}`, '--v8-pool-size=1'];
}

/**
 * glibc gives every thread memory of its own to allocate from, most of it unused: one share serves all. What is free at
 * its end, or was one large piece, goes back to the system.
 */
export const SMALL_ALLOCATOR = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '131072',
};

/**
 * By how much what is kept may grow before V8 looks what of it is garbage, in percent. It would allow as much again; nearly
 * all that RA and CA keep is code, and looking through it takes 3 ms.
 */
const HEAP_GROWTH = 10;

/** To be called before a program loads its code. */
export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
}
