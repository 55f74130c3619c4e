/** A day of the reader, and how often. */
export interface Bar {
  label: string;
  count: number;
}

/** Counts of hours (ISO times) by the days of the reader's zone, the last `days` of them, today last. */
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
