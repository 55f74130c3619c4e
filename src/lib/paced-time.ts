/** A time that follows a clock. */
export interface PacedTime {
  /** ms since the epoch. */
  time: number;
  /** What the clock said then. */
  at: number;
}

/** How much faster than what passes the time may go: after a week without a running program, it is right again in a week. */
const PACE = 2;

/**
 * The time goes towards the clock, by at most twice what has passed. So a clock that is years ahead for some days moves it by
 * as many days, whoever believes that clock.
 * @param passed ms by a monotonic clock, since this program last advanced the time
 */
export function advanced(before: PacedTime | null, now: number, passed: number): PacedTime {
  if (before === null) return { time: now, at: now };
  // Another program may have advanced it meanwhile.
  const most = Math.floor(PACE * Math.min(passed, Math.max(0, now - before.at)));
  const { time } = before;
  return { time: now > time ? Math.min(now, time + most) : Math.max(now, time - most), at: now };
}

/** The time as a setting of a store has it. */
export const pacedText = ({ time, at }: PacedTime): string => `${time} ${at}`;

/** Null for a missing or damaged text. */
export function readPaced(text: string | null): PacedTime | null {
  const [, time, at] = /^(\d{1,16}) (\d{1,16})$/.exec(text ?? '') ?? [];
  return time === undefined ? null : { time: Number(time), at: Number(at) };
}
