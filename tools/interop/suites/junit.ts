import type { Result } from './suite.js';

/** Reads results in JUnit's XML, which pytest and Maven write. Skipped tests are left out. */
export function readJunit(xml: string): Result[] {
  const cases = xml.matchAll(/<testcase\s([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs);
  return [...cases].flatMap(([, attributes = '', inner = '']) => {
    if (inner.includes('<skipped')) return [];
    const [, test = ''] = /\bname="([^"]*)"/.exec(attributes) ?? [];
    const [, said = ''] = /<(?:failure|error)\b[^>]*?(?:\/>|>(.*?)<\/(?:failure|error)>)/s.exec(inner) ?? [];
    return [{ test: plain(test), passed: !/<(?:failure|error)\b/.test(inner), said: plain(said) }];
  });
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function plain(text: string): string {
  return text
    .replace(/<!\[CDATA\[(.*?)\]\]>/gs, '$1')
    .replace(/&(lt|gt|quot|apos|amp|#\d+);/g, (_whole, name: string) =>
      name.startsWith('#') ? String.fromCodePoint(Number(name.slice(1))) : (ENTITIES[name] ?? ''),
    );
}
