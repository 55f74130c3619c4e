import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../kit/command.js';
import { NotReady } from '../kit/process.js';
import { NotInstallable, onPath, type Tools } from '../kit/tools.js';
import { CHECKOUT } from '../kit/upki.js';
import { type Program, startListening } from './process.js';

/** The versions from which the wire format and the formats on disk were read. */
const PACKAGES = { ca: 'upki-ca==0.1.5', ra: 'upki-ra==0.1.6' };
const MODULES = { ca: 'upki_ca', ra: 'upki_ra' };

/** How often a Python RA may try to register. */
const REGISTRATIONS = 8;

/** How a Python program is run. */
export interface PythonProgram {
  /** Its origin, for people. */
  origin: string;
  /** It runs from a source folder, of any version. */
  source: boolean;
  python: string;
  args: string[];
  env: Record<string, string>;
}

/**
 * The Python CA or RA: from its source folder if one is given, else from PyPI in a separate environment.
 * @throws NotInstallable
 */
export async function pythonProgram(
  which: 'ca' | 'ra',
  source: string | undefined,
  interpreter: string | undefined,
  tools: Tools,
): Promise<PythonProgram> {
  const runner = join(CHECKOUT, 'tools/python-upki', `run_${which}.py`);
  if (source === undefined) {
    const python = await tools.python(PACKAGES[which]);
    return { origin: `${PACKAGES[which]} from PyPI`, source: false, python, args: [runner], env: {} };
  }
  if (!existsSync(join(source, MODULES[which]))) {
    throw new NotInstallable(`${source} holds no ${MODULES[which]}/`);
  }
  const env = { PYTHONPATH: source };
  // The package installs what the source imports; without PyPI the machine's own Python must have it.
  const fallback = (error: unknown) => {
    const own = onPath('python3');
    if (own === null) throw error;
    return own;
  };
  const python = interpreter ?? (await tools.python(PACKAGES[which]).catch(fallback));
  await run(python, ['-c', `import ${MODULES[which]}`], { env }).catch((error: Error) => {
    throw new NotInstallable(`${source} cannot be run: ${error.message}`);
  });
  const program = join(source, `${which}_server.py`);
  const args = existsSync(program) ? [program, 'start'] : [runner];
  return { origin: source, source: true, python, args, env };
}

export interface PythonCa extends Program {
  port: number;
  seed: string;
  dataDir: string;
}

/** Starts a Python CA on loopback, on `port` and the next. */
export async function startPythonCa(
  { python, args, env }: PythonProgram,
  folder: string,
  port: number,
  seed: string,
): Promise<PythonCa> {
  const dataDir = join(folder, 'python/.upki/ca');
  await mkdir(dataDir, { recursive: true });
  const config = join(dataDir, 'ca.config.yml');
  if (!existsSync(config)) await writeFile(config, `port: ${port}\nseed: ${seed}\ncompany: Interop Ltd\n`);
  const program = await startListening(python, args, {
    name: 'the Python CA',
    cwd: folder,
    env: { ...env, HOME: join(folder, 'python'), UPKI_DATA_DIR: dataDir, UPKI_CA_HOST: '127.0.0.1' },
    log: join(folder, 'python-ca.log'),
    ports: [port, port + 1],
  });
  return { ...program, port, seed, dataDir };
}

export interface PythonRa extends Program {
  dataDir: string;
  /** Plain HTTP, because its TLS certificate cannot contain an address. */
  url: string;
}

/** Starts a Python RA on loopback, registered at the CA on `ca.port`. */
export async function startPythonRa(
  { python, args, env }: PythonProgram,
  folder: string,
  port: number,
  ca: { port: number; seed: string },
): Promise<PythonRa> {
  const dataDir = join(folder, 'python/.upki/ra');
  await mkdir(dataDir, { recursive: true });
  const start = () =>
    startListening(python, args, {
      name: 'the Python RA',
      cwd: folder,
      env: {
        ...env,
        HOME: join(folder, 'python'),
        UPKI_DATA_DIR: dataDir,
        UPKI_CA_HOST: '127.0.0.1',
        UPKI_CA_PORT: String(ca.port),
        UPKI_CA_SEED: ca.seed,
        UPKI_RA_HOST: '127.0.0.1',
        UPKI_RA_PORT: String(port),
        UPKI_RA_CN: 'ra.python.interop',
        UPKI_RA_SANS: 'ra.python.interop',
        UPKI_RA_TLS: 'false',
      },
      log: join(folder, 'python-ra.log'),
      ports: [port],
      hopeless: /REGISTRATION_ERROR/,
    });
  // It waits five seconds for a key that takes longer to make on a busy machine.
  for (let tries = 1; ; tries++) {
    try {
      const program = await start();
      return { ...program, dataDir, url: `http://127.0.0.1:${port}` };
    } catch (error) {
      if (!(error instanceof NotReady) || tries === REGISTRATIONS) throw error;
    }
  }
}
