/** The pause to the next step while there is more to do, and when there is not, in ms. */
const PURGE_PAUSE = 1_000;
const PURGE_INTERVAL = 10 * 60_000;

/**
 * Removes what is of no use any more in small steps, so that no step is proportional to what is stored. Certificates stay.
 * `remove` takes one bounded step and says whether there may be more.
 */
export function createPurge(
  remove: (now: number) => Promise<boolean>,
  clock: () => number,
  onError: (error: unknown) => void,
) {
  let timer: NodeJS.Timeout | null = null;
  const later = (pause: number) => {
    timer = setTimeout(step, pause);
    timer.unref();
  };
  const step = async () => {
    let removed = false;
    try {
      removed = await remove(clock());
    } catch (error) {
      onError(error);
    }
    if (timer) later(removed ? PURGE_PAUSE : PURGE_INTERVAL);
  };
  return {
    start: () => later(PURGE_PAUSE),
    stop: () => {
      if (timer) clearTimeout(timer);
      timer = null;
    },
  };
}
