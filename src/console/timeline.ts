import { html } from 'htm/preact';
import type { View } from './view.js';

/** A CA certificate, as `private/authority` returns it. */
export interface Member {
  id: string;
  kind: 'root' | 'issuer' | 'cross';
  state: string;
  dn: string;
  not_before: string;
  not_after: string;
  root: string;
  key: string;
  last_certificate_end?: string;
  renew_from?: string;
  revoked?: string;
  crl?: { number: number; next_update: string };
  successor_due?: string;
  warning?: string;
}

const WIDTH = 900;
const ROW = 34;
const TOP = 22;

/** The validity of each certificate on a time axis. The table below it has the same dates. */
export function Timeline({ members }: { members: readonly Member[] }): View {
  const times = members.flatMap(({ not_before, not_after }) => [
    Date.parse(not_before),
    Date.parse(not_after),
  ]);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const x = (at: number) => ((at - from) / Math.max(1, to - from)) * WIDTH;
  const now = x(Date.now());
  const height = TOP + members.length * ROW + 4;
  const year = (at: number) => String(new Date(at).getFullYear());
  return html`<svg class="timeline" viewBox=${`0 0 ${WIDTH} ${height}`} role="img"
      aria-label="Validity of roots and issuers; the table below has the same dates">
    <text class="axis" x="0" y="14">${year(from)}</text>
    <text class="axis" x=${WIDTH} y="14" text-anchor="end">${year(to)}</text>
    ${members.map(({ id, kind, state, not_before, not_after }, index) => {
      const begin = x(Date.parse(not_before));
      const top = TOP + index * ROW;
      return html`<g key=${id}>
        <rect class=${state} x=${begin} y=${top + 18} width=${Math.max(2, x(Date.parse(not_after)) - begin)} height="10" rx="3" />
        <text x=${Math.min(begin, WIDTH - 260)} y=${top + 13}>${kind} ${id.slice(0, 10)}, ${state}</text>
      </g>`;
    })}
    <line x1=${now} x2=${now} y1=${TOP - 4} y2=${height} />
    ${now > 60 && now < WIDTH - 100 && html`<text class="axis" x=${now + 4} y="14">now</text>`}
  </svg>` as View;
}
