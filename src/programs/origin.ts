import { ConfigError, SETTINGS, type SettingName } from '../config/index.js';
import { CannotStart } from './exit.js';

type Given = ReadonlyMap<SettingName, string>;

/** Adds to a sentence the files that the settings it names come from; a variable of the environment needs no such word. */
export function withOrigin(sentence: string, given: Given): string {
  const origins = [...given]
    .filter(([, origin]) => origin.includes('/') && !sentence.includes(origin))
    .map(([name, origin]) => ({ env: SETTINGS[name].env, origin }))
    .filter(({ env }) => sentence.split(/\W+/).includes(env))
    .map(({ env, origin }) => `${env} is from ${origin}`);
  return origins.length === 0 ? sentence : `${sentence} (${origins.join(', ')})`;
}

/** Runs a step of a start; what it throws for the operator says where the settings that it names come from. */
export async function sayingOrigin<T>(given: Given, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof ConfigError) {
      throw new ConfigError(
        error.complaints.map((each) => withOrigin(each, given)),
        error.isUsage,
      );
    }
    if (!(error instanceof CannotStart)) throw error;
    throw new CannotStart(withOrigin(error.message, given), { cause: error });
  }
}
