/** A day in the browser's time zone, and a count. */
export interface Bar {
  label: string;
  count: number;
}

/** Sums hourly counts by day in the browser's time zone: the last `days` days, today last. */
export function byDay(hours: readonly { hour: string; count: number }[], days: number, now: Date): Bar[] {
  const key = (date: Date) => date.toLocaleDateString('en-CA');
  const counts = new Map<string, number>();
  for (const { hour, count } of hours) {
    const day = key(new Date(hour));
    counts.set(day, (counts.get(day) ?? 0) + count);
  }
  return Array.from({ length: days }, (_, index) => {
    const date = new Date(now.getFullYear(), now.getMonth(), now.getDate() - (days - 1 - index));
    return {
      label: date.toLocaleDateString(undefined, { month: 'short', day: 'numeric' }),
      count: counts.get(key(date)) ?? 0,
    };
  });
}
