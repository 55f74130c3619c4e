import type { Summary } from './measure/summary.js';
import { bar, svg, text } from './svg.js';

const WIDTH = 900;
const LABELS = 170;
const BAR = 22;
const GAP = 8;
const OURS = '#2563a8';
const OTHERS = '#9aa7b4';
const FLOOR = '#c2410c';

interface Panel {
  title: string;
  value(summary: Summary): number;
  digits: number;
  /** Drawn over each bar: the lower bound of any server. */
  floor?: (summary: Summary) => number;
}

/** Bars of the run's figures, one panel each; uPKI first. */
export function chart(summaries: Summary[], floor: (summary: Summary) => number, when: string): string {
  const panels: Panel[] = [
    {
      title: 'Server CPU, ms a certificate (less is better; red: its cryptography alone)',
      value: ({ cpuPerIssuance }) => cpuPerIssuance,
      digits: 2,
      floor,
    },
    {
      title: 'Certificates a second, driver on the same two cores (more is better)',
      value: ({ issuancesPerSecond }) => issuancesPerSecond,
      digits: 0,
    },
    { title: 'Whole flow, p50 in ms (less is better)', value: ({ whole }) => whole.p50, digits: 0 },
    { title: 'Whole flow, p99 in ms (less is better)', value: ({ whole }) => whole.p99, digits: 0 },
  ];
  const content: string[] = [];
  let y = 24;
  for (const { title, value, digits, floor: least } of panels) {
    content.push(text({ x: 16, y, text: title, bold: true }));
    y += 12;
    const most = Math.max(...summaries.map(value));
    for (const [index, summary] of summaries.entries()) {
      const room = WIDTH - LABELS - 90;
      const width = (value(summary) / most) * room;
      const middle = y + BAR / 2 + 5;
      content.push(
        text({ x: LABELS - 8, y: middle, text: summary.name, anchor: 'end' }),
        bar({ x: LABELS, y, width, height: BAR, fill: index === 0 ? OURS : OTHERS }),
        text({ x: LABELS + width + 6, y: middle, text: value(summary).toFixed(digits) }),
      );
      if (least)
        content.push(
          bar({ x: LABELS, y: y + BAR - 4, width: (least(summary) / most) * room, height: 4, fill: FLOOR }),
        );
      y += BAR + GAP;
    }
    y += 20;
  }
  content.push(text({ x: 16, y, text: when, size: 11 }));
  return svg('Cost and speed of ACME servers', WIDTH, y + 14, content);
}
