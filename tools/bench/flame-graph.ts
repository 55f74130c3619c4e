import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bar, svg, text } from './svg.js';

/** The members used of V8's CPU profile (Chrome DevTools protocol, `Profiler.Profile`). */
interface CpuProfile {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
    children?: number[];
  }[];
  samples: number[];
  timeDeltas: number[];
}

interface Frame {
  name: string;
  colour: string;
  time: number;
  callees: Map<string, Frame>;
}

const WIDTH = 1200;
const ROW = 16;
/** Frames below this fraction of the total are left out. */
const LEAST = 0.003;
const DEEPEST = 60;
const NOT_WORK = new Set(['(idle)', '(program)', '(root)']);

/** Draws every CPU profile of a folder as a flame graph next to it. */
export function drawFlameGraphs(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => {
      const profile: CpuProfile = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      const path = join(folder, name.replace('.cpuprofile', '.svg'));
      writeFileSync(path, flameGraph(profile, name.replace('.cpuprofile', '')));
      return path;
    });
}

function flameGraph(profile: CpuProfile, title: string): string {
  const root = merge(profile);
  const content: string[] = [];
  let deepest = 0;
  const draw = (frame: Frame, x: number, depth: number): void => {
    const width = (frame.time / root.time) * WIDTH;
    if (frame.time / root.time < LEAST || depth > DEEPEST) return;
    deepest = Math.max(deepest, depth);
    const y = 30 + depth * ROW;
    const share = `${((100 * frame.time) / root.time).toFixed(1)} %`;
    const title = `${frame.name}: ${share}`;
    content.push(
      bar({ x, y, width: Math.max(0.5, width - 0.5), height: ROW - 1, fill: frame.colour, title }),
    );
    const letters = Math.floor(width / 6.2);
    if (letters > 3)
      content.push(text({ x: x + 3, y: y + 12, text: frame.name.slice(0, letters), size: 10 }));
    let at = x;
    for (const callee of [...frame.callees.values()].sort((a, b) => b.time - a.time)) {
      draw(callee, at, depth + 1);
      at += (callee.time / root.time) * WIDTH;
    }
  };
  draw(root, 0, 0);
  const heading = text({
    x: 6,
    y: 20,
    text: `${title}: where its time goes, callers above callees`,
    bold: true,
  });
  return svg('Flame graph', WIDTH, 40 + (deepest + 1) * ROW, [heading, ...content]);
}

/** The profile's samples as one tree; frames with the same name and caller are merged. */
function merge({ nodes, samples, timeDeltas }: CpuProfile): Frame {
  const own = new Map<number, number>();
  for (const [index, id] of samples.entries())
    own.set(id, (own.get(id) ?? 0) + Math.max(0, timeDeltas[index] ?? 0));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const root: Frame = { name: 'all', colour: '#d8dee4', time: 0, callees: new Map() };
  const walk = (id: number, into: Frame): number => {
    const node = byId.get(id);
    if (!node || node.callFrame.functionName === '(idle)') return 0;
    const { functionName, url, lineNumber } = node.callFrame;
    const frame = NOT_WORK.has(functionName) ? into : calleeOf(into, functionName, url, lineNumber);
    let time = own.get(id) ?? 0;
    for (const child of node.children ?? []) time += walk(child, frame);
    if (frame !== into) frame.time += time;
    return time;
  };
  const [first] = nodes;
  root.time = first ? walk(first.id, root) : 0;
  return root;
}

function calleeOf(into: Frame, functionName: string, url: string, line: number): Frame {
  const [place, colour] = placeOf(url);
  const name = `${functionName || '(anonymous)'}${place === '' ? '' : ` ${place}:${line + 1}`}`;
  let frame = into.callees.get(name);
  if (!frame) {
    frame = { name, colour, time: 0, callees: new Map() };
    into.callees.set(name, frame);
  }
  return frame;
}

/** The location of a function, and a colour by its owner: ours, a library's, Node's, native. */
function placeOf(url: string): [place: string, colour: string] {
  const ours = /\/dist\/(.+)$/.exec(url)?.[1];
  const library = /\/node_modules\/(.+)$/.exec(url)?.[1];
  if (library !== undefined) return [library, '#e9c46a'];
  if (ours !== undefined) return [ours, '#7fb3e6'];
  return url.startsWith('node:') ? [url, '#bcd9a5'] : ['', '#e7a08b'];
}
