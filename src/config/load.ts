import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { nearest } from './nearest.js';
import { fileKey, type Program, type Setting } from './setting.js';
import { SETTING_LIST, type SettingName, type Settings } from './settings/index.js';

/** Everything that was wrong with the configuration, one complaint a line, secrets left out. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly complaints: string[]) {
    super(complaints.join('\n'));
  }
}

export interface Sources {
  program: Program;
  /** Flags given on the command line, by setting. */
  flags?: Partial<Record<SettingName, string>>;
  env: NodeJS.ProcessEnv;
  /** The program's own configuration file, read when it exists: JSON or YAML, of which JSON is a part. */
  file?: string;
  /** Reads a file's text; null when there is none. For tests. */
  read?: (path: string) => string | null;
}

export interface Loaded {
  settings: Settings;
  /** The settings that something other than the default decided, and what did. */
  given: ReadonlyMap<SettingName, string>;
  /** Sentences for the operator: names we do not know, with the nearest we do. */
  warnings: string[];
}

interface Candidate {
  text: string;
  /** Where it comes from, for `upki config`. */
  origin: string;
  /** What the operator wrote it as, for the complaint. */
  source: string;
}

/**
 * Reads the configuration: flag, else environment, else file, else default. An empty variable counts as unset,
 * as compose files and unit files leave them.
 * @throws ConfigError with every wrong value: its name, the value and what is allowed.
 */
export function loadSettings(sources: Sources): Loaded {
  const { program, env, flags = {}, read = readIfThere } = sources;
  const complaints: string[] = [];
  const file = sources.file ? readConfigFile(sources.file, read, complaints) : new Map<string, string>();
  const given = new Map<SettingName, string>();

  const settings = Object.fromEntries(
    SETTING_LIST.map(([name, setting]) => {
      if (!setting.programs.includes(program)) return [name, setting.default];
      const candidate = find(setting, flags[name]);
      if (candidate === null) return [name, setting.default];
      given.set(name, candidate.origin);
      return [name, parse(setting, candidate)];
    }),
  ) as Settings;
  if (complaints.length > 0) throw new ConfigError(complaints);
  return { settings, given, warnings: [...unknownVariables(env), ...unknownKeys()] };

  function find(setting: Setting<unknown>, flag: string | undefined): Candidate | null {
    if (flag !== undefined) {
      return { text: flag, source: `${setting.env} (from the command line)`, origin: 'the command line' };
    }
    const text = env[setting.env];
    if (text) return { text, source: setting.env, origin: 'the environment' };
    const pointer = `${setting.env}_FILE`;
    const path = setting.secret && env[pointer];
    if (path) {
      const content = read(path);
      if (content !== null) return { text: content, source: `${pointer} (${path})`, origin: path };
      complaints.push(`${pointer} is "${path}": there is no such file, or it may not be read`);
      return null;
    }
    const key = fileKey(setting.env, program);
    const value = file.get(key);
    if (value === undefined) return null;
    return { text: value, source: `${key} in ${sources.file}`, origin: String(sources.file) };
  }

  function parse(setting: Setting<unknown>, { text, source }: Candidate): unknown {
    try {
      return setting.type.parse(text.trim());
    } catch (error) {
      const why = error instanceof RangeError && error.message ? ` (${error.message})` : '';
      const shown = setting.secret ? 'a value not shown here' : JSON.stringify(text.slice(0, 200));
      complaints.push(`${source} is ${shown}: it must be ${setting.type.allowed}${why}`);
      return setting.default;
    }
  }

  function unknownKeys(): string[] {
    const known = SETTING_LIST.filter(([, each]) => each.programs.includes(program)).map(([, each]) =>
      fileKey(each.env, program),
    );
    return [...file.keys()]
      .filter((key) => !known.includes(key))
      .map((key) => `${key} in ${sources.file} is not a setting and was ignored${suggestion(key, known)}`);
  }
}

function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = SETTING_LIST.flatMap(([, { env: name, secret }]) =>
    secret ? [name, `${name}_FILE`] : [name],
  );
  return Object.keys(env)
    .filter((name) => name.startsWith('UPKI_') && !known.includes(name))
    .map((name) => `${name} is not a variable of uPKI and was ignored${suggestion(name, known)}`);
}

function suggestion(name: string, known: string[]): string {
  const near = nearest(name, known);
  return near ? `; did you mean ${near}?` : '';
}

function readConfigFile(
  path: string,
  read: (path: string) => string | null,
  complaints: string[],
): Map<string, string> {
  const content = read(path);
  if (content === null) return new Map();
  let document: unknown;
  try {
    document = parseYaml(content);
  } catch (error) {
    complaints.push(`${path} cannot be read: ${error instanceof Error ? error.message : error}`);
    return new Map();
  }
  if (document === null || document === undefined) return new Map();
  if (typeof document !== 'object' || Array.isArray(document)) {
    complaints.push(`${path} must hold names and values`);
    return new Map();
  }
  const entries = new Map<string, string>();
  for (const [key, value] of Object.entries(document)) {
    const text = asText(value);
    if (text === null)
      complaints.push(`${key} in ${path} must be a text, a number, true, false or a list of these`);
    else if (text !== '') entries.set(key, text);
  }
  return entries;
}

/** The text a person would have written in the environment; '' for nothing. */
function asText(value: unknown): string | null {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  if (!Array.isArray(value)) return null;
  const parts = value.map((part) => (Array.isArray(part) ? null : asText(part)));
  return parts.includes(null) ? null : parts.join(',');
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
