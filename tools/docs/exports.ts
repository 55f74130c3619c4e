import { dirname, posix } from 'node:path';

const IMPORT =
  /\b(?:import|export)\s+(?:type\s+)?([\w$]+|(?:[\w$]+\s*,\s*)?\{[^}]*\}|\*[^']*?)\s*from\s+'(\.[^']+)'/g;
const DYNAMIC = /\bimport\('(\.[^']+)'\)/g;
const DECLARED =
  /^export (?:abstract |async |declare )*(?:type|interface|const|let|function\*?|class|enum) ([\w$]+)/gm;
const HANDED_ON = /^export (?:type )?\{([^}]*)\}/gm;

/** All names of a file, as `import *` and `import()` import them. */
const ALL = '*';

/** The names in `{ a, type b, c as d }`: a, b, c; with `as`, the outside names: a, b, d. */
function namesIn(list: string, side: 'inside' | 'outside'): string[] {
  const pairs = list.split(',').map((each) =>
    each
      .trim()
      .replace(/^type /, '')
      .split(' as '),
  );
  return pairs.flatMap((pair) => (side === 'inside' ? pair[0] : pair.at(-1)) || []);
}

/** The names that other files import from each file, by the path of the file. */
function askedFor(texts: ReadonlyMap<string, string>): Map<string, Set<string>> {
  const asked = new Map<string, Set<string>>();
  const ask = (file: string, specifier: string, names: readonly string[]) => {
    const target = posix.join(dirname(file), specifier).replace(/\.js$/, '.ts');
    const known = asked.get(target) ?? new Set();
    asked.set(target, known);
    for (const name of names) known.add(name);
  };
  for (const [file, text] of texts) {
    for (const [, what = '', specifier = ''] of text.matchAll(IMPORT)) {
      const list = /\{([^}]*)\}/.exec(what)?.[1];
      ask(file, specifier, list === undefined ? [ALL] : namesIn(list, 'inside'));
    }
    for (const [, specifier = ''] of text.matchAll(DYNAMIC)) ask(file, specifier, [ALL]);
  }
  return asked;
}

/** Exports of files below a folder that no other file imports, as `file: name`. @param texts of all files, by path from the root */
export function unimported(texts: ReadonlyMap<string, string>, folder: string): string[] {
  const asked = askedFor(texts);
  return [...texts].flatMap(([file, text]) => {
    if (!file.startsWith(`${folder}/`) || asked.get(file)?.has(ALL)) return [];
    const exported = [
      ...[...text.matchAll(DECLARED)].map(([, name = '']) => name),
      ...[...text.matchAll(HANDED_ON)].flatMap(([, list = '']) => namesIn(list, 'outside')),
    ];
    return exported.filter((name) => !asked.get(file)?.has(name)).map((name) => `${file}: ${name}`);
  });
}
