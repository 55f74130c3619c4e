import { type Program, SETTINGS } from '../config/index.js';

/**
 * The environment without the variables of settings that the program does not read. So the RA's memory has neither the passphrase of
 * the CA's keys nor the URL of the CA's database.
 */
export function ownEnvironment(env: NodeJS.ProcessEnv, program: Program): NodeJS.ProcessEnv {
  const foreign = new Set(
    Object.values(SETTINGS)
      .filter(({ programs }) => !(programs as readonly Program[]).includes(program))
      .flatMap(({ env: name }) => [name, `${name}_FILE`]),
  );
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.has(name)));
}
