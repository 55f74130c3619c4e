import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { NotInstallable, Tools } from '../kit/tools.js';
import { type PythonProgram, pythonProgram } from './programs.js';
import { Scene } from './scene.js';
import { play, type Step } from './story.js';

const USAGE = `npm run tool python-upki -- [--ca DIR] [--ra DIR] [--python PATH]

Runs the real upki-ca and upki-ra with uPKI at either end of the channel, and migrates from them to uPKI.

  --ca, --ra   source folders of upki-ca and upki-ra; by default they are installed from PyPI
               (also UPKI_PYTHON_CA and UPKI_PYTHON_RA)
  --python     interpreter for the source folders, with their dependencies installed
`;

const { values: options } = parseArgs({
  options: {
    ca: { type: 'string' },
    ra: { type: 'string' },
    python: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  process.stdout.write(USAGE);
  process.exit();
}

const say = (line: string) => process.stdout.write(`${line}\n`);
process.exitCode = await main();

/** 0 if every step passed, or if nothing could be run; the last line says which. */
async function main(): Promise<number> {
  const tools = await Tools.at();
  let programs: Record<'ca' | 'ra', PythonProgram>;
  let certbot: string | null;
  let scene: Scene;
  const parent = join(tools.cache, 'runs');
  await mkdir(parent, { recursive: true });
  try {
    programs = {
      ca: await pythonProgram('ca', source(options.ca ?? process.env.UPKI_PYTHON_CA), options.python, tools),
      ra: await pythonProgram('ra', source(options.ra ?? process.env.UPKI_PYTHON_RA), options.python, tools),
    };
    certbot = await tools.pip('certbot').catch(() => null);
    scene = await Scene.open(parent, await tools.apt('lego'), programs.ra.source);
  } catch (error) {
    if (!(error instanceof NotInstallable)) throw error;
    say(`python-upki: not run: ${error.message}`);
    return 0;
  }
  say(`python-upki: the CA is ${programs.ca.origin}, the RA is ${programs.ra.origin}`);
  const steps = await play(scene, programs, certbot, report);
  const failed = steps.filter(({ error }) => error !== null);
  if (failed.length === 0) await scene.forget();
  else say(`\nFiles and logs are kept in ${scene.folder}`);
  say(`\npython-upki: ${steps.length - failed.length} steps passed, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
}

function source(path: string | undefined): string | undefined {
  return path === undefined || path === '' ? undefined : resolve(path);
}

function report({ name, seconds, error }: Step): void {
  say(`${error === null ? 'ok    ' : 'FAILED'} ${seconds.toFixed(1).padStart(5)} s  ${name}`);
  if (error !== null) say(`        ${error.replaceAll('\n', '\n        ')}`);
}
