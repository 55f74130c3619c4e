import { html } from 'htm/preact';
import type { Bar } from './by-day.js';
import type { View } from './view.js';

const HEIGHT = 90;
const STEP = 10;

/** A bar chart over days, with a text alternative and a table on request. */
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
