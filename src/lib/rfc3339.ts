const TIME =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Milliseconds since the epoch of an RFC 3339 §5.6 time. Null for any other text, for a leap second, and for
 * times that do not exist, which `Date` would move to another day.
 */
export function parseRfc3339(text: string): number | null {
  const [, ...fields] = TIME.exec(text) ?? [];
  if (fields.length === 0) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.map(Number);
  const lastDay = new Date(Date.UTC(2000, month, 0)).setUTCFullYear(year, month, 0);
  const exists =
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= new Date(lastDay).getUTCDate() &&
    hour <= 23 &&
    minute <= 59;
  const time = exists && second <= 59 ? Date.parse(text.toUpperCase()) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

/**
 * Milliseconds since the epoch of what an operator writes: a date, which begins at midnight UTC, or an RFC 3339 time, in UTC also
 * without seconds. Null for any other text and for times that do not exist.
 */
export function parseDateOrTime(text: string): number | null {
  if (/^[\d-]{10}$/.test(text)) return parseRfc3339(`${text}T00:00:00Z`);
  return parseRfc3339(text.replace(/^(.{10}T\d\d:\d\d)Z$/, '$1:00Z'));
}
