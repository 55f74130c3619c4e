import { readFileSync, statSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { errorMessage } from '../lib/error-message.js';
import { fileReason, fileTrouble } from '../lib/file-trouble.js';

/** The content of a configuration file by key. Values are text, as in an environment variable. */
export type FileEntries = ReadonlyMap<string, string>;

/** Access to files, which tests replace. */
export interface FileReader {
  /** The text of a file; null when the file does not exist. @throws Error when it cannot be read */
  text(path: string): string | null;
  /** Whether every user of this machine may read it. */
  isOpen(path: string): boolean;
}

export const FILES: FileReader = {
  text: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      throw error;
    }
  },
  isOpen: (path) => (statSync(path).mode & 0o004) !== 0,
};

/** YAML without numbers and booleans: a value is the text as written, so that a PIN of `001234` keeps its zeros. */
const AS_WRITTEN = { schema: 'failsafe', customTags: ['null' as const] };

/**
 * Reads YAML or JSON, which is a subset of YAML. With `grouped`, names may be grouped: `ra: { url: … }` is `ra_url`.
 * @param complaints receives the faults of the file
 * @returns null when the file does not exist
 */
export function readConfigFile(
  path: string,
  reader: Pick<FileReader, 'text'>,
  complaints: string[],
  { grouped = false } = {},
): FileEntries | null {
  let document: unknown;
  try {
    const content = reader.text(path);
    if (content === null) return null;
    document = parseYaml(content, AS_WRITTEN);
  } catch (error) {
    complaints.push(fileTrouble(error, path) ?? `${path} cannot be read: ${whyUnreadable(error, path)}`);
    return new Map();
  }
  const entries = new Map<string, string>();
  if (document === null || document === undefined) return entries;
  if (typeof document !== 'object' || Array.isArray(document)) {
    complaints.push(`${path} must hold names and values`);
    return entries;
  }
  collect('', document);
  return entries;

  function collect(group: string, values: object): void {
    for (const [name, value] of Object.entries(values)) {
      const key = group === '' ? name : `${group}_${name}`;
      const text = asText(value);
      const isGroup =
        grouped && group === '' && typeof value === 'object' && value !== null && !Array.isArray(value);
      if (isGroup) collect(key, value);
      else if (text === null)
        complaints.push(`${key} in ${path} must be a text, a number, true, false or a list of these`);
      else if (entries.has(key)) complaints.push(`${key} stands twice in ${path}`);
      else if (text !== '') entries.set(key, text);
    }
  }
}

/** The reason as one line, without the path: a YAML error also quotes the lines it refers to. */
export function whyUnreadable(error: unknown, path: string): string {
  const [line = ''] = errorMessage(error).split('\n');
  return fileReason(error, path) ?? line.replace(/:$/, '');
}

/** The text of a value; '' for an empty value, null for a value of a wrong type. */
function asText(value: unknown): string | null {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return null;
  const parts = value.map((part) => (Array.isArray(part) ? null : asText(part)));
  return parts.includes(null) ? null : parts.join(',');
}
