import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { FOLDERS, type Folder } from './folders.js';

/** Relative imports of every file, types included: path from the root to paths from the root. */
export type Imports = ReadonlyMap<string, ReadonlySet<string>>;

const SPECIFIER = /\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g;
const SOURCE = /\.(ts|mjs)$/;

/** Source files of some folders, as paths from the root. */
export function sourceFiles(root: string, folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && SOURCE.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')),
  );
}

/** The relative imports in the text of one file. */
export function importsOf(file: string, text: string): Set<string> {
  const targets = [...text.matchAll(SPECIFIER)].flatMap(([, target]) => target ?? []);
  return new Set(targets.map((each) => posix.join(dirname(file), each).replace(/\.js$/, '.ts')));
}

export function readImports(root: string, files: readonly string[]): Imports {
  return new Map(files.map((file) => [file, importsOf(file, readFileSync(join(root, file), 'utf8'))]));
}

/** The entry of the table that a file or folder belongs to: the longest one that contains it. */
export function folderOf(path: string, folders: Readonly<Record<string, Folder>> = FOLDERS): string | null {
  const holding = Object.keys(folders).filter((each) => path === each || path.startsWith(`${each}/`));
  return holding.sort((a, b) => b.length - a.length)[0] ?? null;
}

/** Imports that the table does not allow, as `file imports file`. The few files that are in no folder of it may import each other. */
export function forbidden(imports: Imports, folders: Readonly<Record<string, Folder>> = FOLDERS): string[] {
  const found: string[] = [];
  for (const [file, targets] of imports) {
    const home = folderOf(file, folders);
    for (const target of targets) {
      const there = folderOf(target, folders);
      if (home === there) continue;
      if (home === null || there === null || !mayImport(home, there, folders))
        found.push(`${file} imports ${target}`);
    }
  }
  return found.sort();
}

function mayImport(home: string, there: string, folders: Readonly<Record<string, Folder>>): boolean {
  const allowed = folders[home]?.imports ?? [];
  return allowed.includes(there) || (allowed.includes('src') && there.startsWith('src/'));
}

/** Groups of nodes that reach each other, each sorted. */
export function circles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const own = index.size;
    index.set(node, own);
    low.set(node, own);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!graph.has(next)) continue;
      if (!index.has(next)) low.set(node, Math.min(low.get(node) ?? own, visit(next)));
      else if (stack.includes(next)) low.set(node, Math.min(low.get(node) ?? own, index.get(next) ?? own));
    }
    const lowest = low.get(node) ?? own;
    if (lowest === own) {
      const group = stack.splice(stack.indexOf(node));
      if (group.length > 1) found.push(group.sort());
    }
    return lowest;
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found.sort();
}

/** The imports between entries of the table. */
export function folderGraph(imports: Imports): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>(Object.keys(FOLDERS).map((folder) => [folder, new Set()]));
  for (const [file, targets] of imports) {
    const home = folderOf(file);
    for (const target of targets) {
      const there = folderOf(target);
      if (home !== null && there !== null && home !== there) graph.get(home)?.add(there);
    }
  }
  return graph;
}
