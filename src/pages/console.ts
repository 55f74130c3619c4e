import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

/** A file of the console, ready to be served. */
interface ConsoleFile {
  type: string;
  content: Buffer;
  /** Without quotes. */
  etag: string;
}

/** The folder into which the build puts the console, next to the compiled form of this file. */
const CONSOLE_FOLDER = join(import.meta.dirname, '..', 'console');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The console's files, read once. A path can select only one of these files. */
export class ConsoleFiles {
  readonly #files = new Map<string, ConsoleFile>();
  /** `Content-Security-Policy` of every answer: only scripts and styles of this origin, and the import map by its hash. */
  readonly policy: string;

  /** @throws when the folder does not exist */
  constructor(folder: string = CONSOLE_FOLDER) {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      const type = TYPES[extname(entry.name)];
      if (!entry.isFile() || type === undefined) continue;
      const path = join(entry.parentPath, entry.name);
      const content = readFileSync(path);
      const etag = createHash('sha256').update(content).digest('base64url').slice(0, 22);
      this.#files.set(relative(folder, path).split(sep).join('/'), { type, content, etag });
    }
    const [, map = ''] =
      /<script type="importmap">([^<]*)</.exec(this.find('')?.content.toString() ?? '') ?? [];
    const hash = createHash('sha256').update(map).digest('base64');
    this.policy = [
      "default-src 'none'",
      `script-src 'self' 'sha256-${hash}'`,
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; ');
  }

  /** @param name below `/console/`; empty for the page itself */
  find(name: string): ConsoleFile | null {
    return this.#files.get(name === '' ? 'index.html' : name) ?? null;
  }
}

/** Headers of every answer with a file of the console. */
export function consoleHeaders(files: ConsoleFiles, { type, etag }: ConsoleFile): Record<string, string> {
  return {
    'content-type': type,
    etag: `"${etag}"`,
    'cache-control': 'no-cache',
    'content-security-policy': files.policy,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
}
