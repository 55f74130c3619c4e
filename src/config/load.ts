import { FILES, type FileEntries, type FileReader, readConfigFile, whyUnreadable } from './config-file.js';
import { nearest } from './nearest.js';
import { configFileKey, type Program, type Setting, sharedKey } from './setting.js';
import { GONE, SETTING_LIST, type SettingName, type Settings } from './settings/index.js';

/** All errors of the configuration, one on each line, without secrets. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** @param isUsage whether all errors are in values of the command line */
  constructor(
    readonly complaints: string[],
    readonly isUsage = false,
  ) {
    super(complaints.join('\n'));
  }
}

export interface Sources {
  program: Program;
  /** Flags given on the command line, by setting. */
  flags?: Partial<Record<SettingName, string>>;
  env: NodeJS.ProcessEnv;
  /** The shared file of both programs, `upki.yml`, read if it exists. */
  shared?: string;
  /** The program's own configuration file (JSON or YAML), read if it exists. */
  file?: string;
  /** For tests. */
  reader?: FileReader;
}

export interface Loaded {
  settings: Settings;
  /** The settings that are not at their default, and their sources. */
  given: ReadonlyMap<SettingName, string>;
  /** Warnings for the operator: unknown names, with the closest known name, and renamed settings. */
  warnings: string[];
}

interface Candidate {
  text: string;
  /** The source of the value, for `upki config`. */
  origin: string;
  /** The name the operator used, for error messages. */
  source: string;
}

/** The origin of a setting that a flag gives. */
const TYPED = 'the command line';

const NOTHING: FileEntries = new Map();

/**
 * Reads the configuration in this order: flag, environment, upki.yml, the program's own file, default. An empty variable is
 * unset, because compose files and unit files leave variables empty.
 * @throws ConfigError with every wrong value: its name, the value and what is allowed
 */
export function loadSettings(sources: Sources): Loaded {
  const { program, env, flags = {}, shared: sharedPath, reader = FILES } = sources;
  const complaints: string[] = [];
  const warnings: string[] = [];
  const shared = (sharedPath && readConfigFile(sharedPath, reader, complaints, { grouped: true })) || NOTHING;
  const own = (sources.file && readConfigFile(sources.file, reader, complaints)) || NOTHING;
  const given = new Map<SettingName, string>();
  let typedWrong = 0;
  if ((flags.configFile ?? env.UPKI_CONFIG) && shared === NOTHING)
    complaints.push(`UPKI_CONFIG is "${sharedPath}": there is no such file`);
  complaints.push(...unknownSharedKeys(shared, String(sharedPath)));

  const settings = Object.fromEntries(
    SETTING_LIST.map(([name, setting]) => {
      if (!setting.programs.includes(program)) return [name, setting.default];
      const candidate = find(setting, flags[name]);
      if (candidate === null) return [name, setting.default];
      given.set(name, candidate.origin);
      return [name, parse(setting, candidate)];
    }),
  ) as Settings;
  if (complaints.length > 0) throw new ConfigError(complaints, complaints.length === typedWrong);
  return { settings, given, warnings: [...unknownVariables(env), ...warnings, ...unknownOwnKeys()] };

  function find(setting: Setting<unknown>, flag: string | undefined): Candidate | null {
    if (flag !== undefined) {
      return { text: flag, source: `${setting.env} (from ${TYPED})`, origin: TYPED };
    }
    const text = env[setting.env];
    if (text) return { text, source: setting.env, origin: 'the environment' };
    const pointer = `${setting.env}_FILE`;
    const path = setting.secret && env[pointer];
    if (path) return pointedTo(pointer, path);
    return formerly(setting) ?? inShared(setting) ?? inOwn(setting);
  }

  /** The value of a setting under a former name. */
  function formerly(setting: Setting<unknown>): Candidate | null {
    const name = setting.formerly?.find((former) => env[former]);
    if (name === undefined) return null;
    warnings.push(`${name} is ${setting.env} now: rename it`);
    return { text: env[name] ?? '', source: name, origin: 'the environment' };
  }

  function inShared(setting: Setting<unknown>): Candidate | null {
    const key = sharedKey(setting.env);
    const value = shared.get(key);
    const path = setting.secret && shared.get(`${key}_file`);
    if (value === undefined) return path ? pointedTo(`${key}_file in ${sharedPath}`, path) : null;
    const candidate = { text: value, source: `${key} in ${sharedPath}`, origin: String(sharedPath) };
    if (isSecret(setting, value) && reader.isOpen(String(sharedPath))) {
      complaints.push(
        `${candidate.source} is a secret, and everybody on this machine may read that file: chmod 600 ${sharedPath}, ` +
          `or put the secret into a file of its own and name it with ${key}_file`,
      );
    }
    return candidate;
  }

  function inOwn(setting: Setting<unknown>): Candidate | null {
    const names = [setting.env, ...(setting.formerly ?? [])].map((name) => configFileKey(name, program));
    const key = names.find((name) => own.has(name)) ?? '';
    const value = own.get(key);
    if (value === undefined) return null;
    return { text: value, source: `${key} in ${sources.file}`, origin: String(sources.file) };
  }

  function pointedTo(pointer: string, path: string): Candidate | null {
    try {
      const content = reader.text(path);
      if (content !== null) return { text: content, source: `${pointer} (${path})`, origin: path };
      complaints.push(`${pointer} is "${path}": there is no such file`);
    } catch (error) {
      complaints.push(`${pointer} is ${JSON.stringify(path)}: ${whyUnreadable(error, path)}`);
    }
    return null;
  }

  function parse(setting: Setting<unknown>, { text, source, origin }: Candidate): unknown {
    try {
      return setting.type.parse(text.trim());
    } catch (error) {
      const why = error instanceof RangeError && error.message ? ` (${error.message})` : '';
      const shown = setting.secret ? 'a value not shown here' : JSON.stringify(text.slice(0, 200));
      complaints.push(`${source} is ${shown}: it must be ${setting.type.allowed}${why}`);
      if (origin === TYPED) typedWrong += 1;
      return setting.default;
    }
  }

  function unknownOwnKeys(): string[] {
    const known = SETTING_LIST.filter(([, each]) => each.programs.includes(program)).flatMap(
      ([, { env: name, formerly = [] }]) => [name, ...formerly].map((each) => configFileKey(each, program)),
    );
    return [...own.keys()]
      .filter((key) => !known.includes(key))
      .map((key) => `${key} in ${sources.file} is not a setting and was ignored${suggestion(key, known)}`);
  }
}

/** Whether this value is secret. Some secret settings also have values without a secret. */
function isSecret({ secret, type }: Setting<unknown>, text: string): boolean {
  if (!secret) return false;
  try {
    const value = type.parse(text.trim()) as NonNullable<unknown>;
    return type.mask?.(value) !== type.format(value);
  } catch {
    return true;
  }
}

/** Unknown names in our own file are errors: a misspelled restriction would otherwise have no effect. */
function unknownSharedKeys(shared: FileEntries, path: string): string[] {
  const known = SETTING_LIST.flatMap(([, { env, secret }]) =>
    secret ? [sharedKey(env), `${sharedKey(env)}_file`] : [sharedKey(env)],
  );
  return [...shared.keys()]
    .filter((key) => !known.includes(key))
    .map((key) => `${key} in ${path} is not a setting${suggestion(key, known)}`);
}

function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = SETTING_LIST.flatMap(([, { env: name, secret, formerly = [] }]) =>
    secret ? [name, `${name}_FILE`, ...formerly] : [name, ...formerly],
  );
  return Object.keys(env)
    .filter((name) => name.startsWith('UPKI_') && !known.includes(name))
    .map((name) =>
      name in GONE
        ? `${name} is no longer a setting and was ignored: ${GONE[name]}`
        : `${name} is not a variable of uPKI and was ignored${suggestion(name, known)}`,
    );
}

function suggestion(name: string, known: string[]): string {
  const near = nearest(name, known);
  return near ? `; did you mean ${near}?` : '';
}
