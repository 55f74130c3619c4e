import { html } from 'htm/preact';
import type { View } from './view.js';

/** A day of the reader, and how often. */
export interface Bar {
  label: string;
  count: number;
}

const HEIGHT = 90;
const STEP = 10;

/** Bars over days, as a picture with a sentence for those who do not see it, and the same as a table for who asks. */
export function Chart({ title, bars, tone }: { title: string; bars: readonly Bar[]; tone: string }): View {
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const total = bars.reduce((sum, { count }) => sum + count, 0);
  const width = bars.length * STEP;
  const said = `${title}: ${total} in ${bars.length} days, at most ${total === 0 ? 0 : most} a day`;
  return html`<figure class="chart">
    <figcaption>${title} <b>${total.toLocaleString()}</b></figcaption>
    <svg viewBox=${`0 0 ${width} ${HEIGHT}`} role="img" aria-label=${said} preserveAspectRatio="none">
      ${bars.map(({ label, count }, index) => {
        const height = (count / most) * (HEIGHT - 4);
        const shown = count === 0 ? 1 : Math.max(3, height);
        return html`<rect class=${count === 0 ? 'none' : tone} x=${index * STEP + 1} y=${HEIGHT - shown} width=${STEP - 2} height=${shown}>
          <title>${`${label}: ${count}`}</title>
        </rect>`;
      })}
    </svg>
    <div class="ends"><span>${bars[0]?.label}</span><span>${bars.at(-1)?.label}</span></div>
    <details>
      <summary>${`${title}, as a table`}</summary>
      <table>
        <tbody>
          ${bars.map(({ label, count }) => html`<tr><th scope="row">${label}</th><td>${count}</td></tr>`)}
        </tbody>
      </table>
    </details>
  </figure>` as View;
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
