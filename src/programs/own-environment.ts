import { type Program, SETTINGS } from '../config/index.js';

/**
 * The environment of one program, cut from one for several: without the variables of settings that it does
 * not read. So an RA has neither the passphrase of the CA's keys nor the CA's database in its memory.
 */
export function ownEnvironment(env: NodeJS.ProcessEnv, program: Program): NodeJS.ProcessEnv {
  const foreign = new Set(
    Object.values(SETTINGS)
      .filter(({ programs }) => !(programs as readonly Program[]).includes(program))
      .flatMap(({ env: name }) => [name, `${name}_FILE`]),
  );
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.has(name)));
}
