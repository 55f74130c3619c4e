import type { SettingType } from './types.js';

export type Program = 'ra' | 'ca';

/** One setting: the source for the program, its help and its documentation. */
export interface Setting<T> {
  /** Environment variable; the names in the configuration files are derived from it (`fileKey`). */
  env: `UPKI_${string}`;
  /** The programs that read it. */
  programs: readonly Program[];
  type: SettingType<T & NonNullable<unknown>>;
  default: T;
  /** The default in words, when it is computed. */
  defaultText?: string;
  /**
   * Redacted wherever it is printed, except for what its type's `mask` keeps. It can also be read from the file that
   * `<env>_FILE` names.
   */
  secret?: true;
  /** Former names, still accepted from the environment, with a warning. */
  formerly?: readonly `UPKI_${string}`[];
  /** The same sentence in `--help` and in docs/configuration.md. */
  doc: string;
}

type Rest<T> = Omit<Setting<T>, 'env' | 'type' | 'default' | 'programs'>;

/** The two kinds of setting, for those that `programs` read. */
export function settingsOf(...programs: Program[]) {
  return {
    /** A setting that always has a value. */
    setting: <T extends NonNullable<unknown>>(
      env: Setting<T>['env'],
      type: SettingType<T>,
      value: NoInfer<T>,
      rest: Rest<T>,
    ): Setting<T> => ({ env, type, default: value, programs, ...rest }),

    /** A setting that may be absent; its value is then null. */
    optional: <T extends NonNullable<unknown>>(
      env: Setting<T>['env'],
      type: SettingType<T>,
      rest: Rest<T | null>,
    ): Setting<T | null> => ({
      ...{ env, type: type as Setting<T | null>['type'], default: null, programs },
      ...rest,
    }),
  };
}

/** Name of a setting in the shared file of both programs: the variable without `UPKI_`, in lower case. */
export function sharedKey(env: string): string {
  return env.replace(/^UPKI_/, '').toLowerCase();
}

/**
 * Name of a setting in a program's own file: the variable without `UPKI_` and without that program's prefix,
 * in lower case: `UPKI_CA_PORT` is `port` in the CA's file and `ca_port` in the RA's.
 */
export function configFileKey(env: string, program: Program): string {
  return env
    .replace(/^UPKI_/, '')
    .toLowerCase()
    .replace(new RegExp(`^${program}_`), '');
}
