/** The part of SVG 1.1 needed for charts that a repository displays, on light and dark pages. */

export interface Bar {
  x: number;
  y: number;
  width: number;
  height: number;
  fill: string;
  /** Shown as a tooltip. */
  title?: string;
}

export interface Text {
  x: number;
  y: number;
  text: string;
  size?: number;
  anchor?: 'start' | 'middle' | 'end';
  bold?: boolean;
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const round = (value: number): string => String(Math.round(value * 10) / 10);

export function bar({ x, y, width, height, fill, title }: Bar): string {
  const shape = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"`;
  return title === undefined ? `<rect ${shape}/>` : `<rect ${shape}><title>${escaped(title)}</title></rect>`;
}

export function text({ x, y, text: content, size = 13, anchor = 'start', bold = false }: Text): string {
  const weight = bold ? ' font-weight="bold"' : '';
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" text-anchor="${anchor}"${weight}>${escaped(content)}</text>`;
}

export function svg(title: string, width: number, height: number, content: string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" fill="#1c2733">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...content,
    '</svg>\n',
  ].join('\n');
}
