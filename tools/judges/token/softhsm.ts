import { cp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../kit/command.js';
import { newFolder } from '../../kit/folder.js';
import { NotInstallable, type Tools } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';

/** Debian's path of the library. */
const LIBRARY = '/usr/lib/softhsm/libsofthsm2.so';
const PIN = '2580';

/** A software token in a folder of its own, and a build of uPKI with pkcs11js installed. */
export class SoftHsm {
  private constructor(
    readonly folder: string,
    /** Entry point of that build. */
    readonly program: string,
    private readonly log: string,
  ) {}

  /** @throws NotInstallable */
  static async create(tools: Tools): Promise<SoftHsm> {
    await tools.apt('softhsm2', 'softhsm2-util');
    const home = join(tools.cache, 'token');
    await installPackage(home);
    const app = join(home, 'app');
    await rm(app, { recursive: true, force: true });
    await mkdir(app, { recursive: true });
    await cp(join(CHECKOUT, 'dist'), join(app, 'dist'), { recursive: true });
    await cp(join(CHECKOUT, 'package.json'), join(app, 'package.json'));
    await symlink(join(CHECKOUT, 'node_modules'), join(app, 'node_modules'));
    const folder = newFolder('token');
    const made = new SoftHsm(folder, join(app, 'dist', 'cli', 'main.js'), join(folder, 'log'));
    await made.#prepare();
    return made;
  }

  async #prepare(): Promise<void> {
    await mkdir(this.#tokens);
    await writeFile(
      this.#conf,
      `directories.tokendir = ${this.#tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
    );
    await writeFile(this.#pin, `${PIN}\n`, { mode: 0o600 });
    const words = ['--init-token', '--free', '--label', 'upki', '--pin', PIN, '--so-pin', '13579'];
    await run('softhsm2-util', words, { env: { SOFTHSM2_CONF: this.#conf }, log: this.log });
  }

  get #tokens(): string {
    return join(this.folder, 'tokens');
  }

  get #conf(): string {
    return join(this.folder, 'softhsm2.conf');
  }

  get #pin(): string {
    return join(this.folder, 'pin');
  }

  /** The environment of a CA whose keys are all in the token. */
  get env(): Record<string, string> {
    return this.#with(`pkcs11:token=upki?module-path=${LIBRARY}&pin-source=file:${this.#pin}`);
  }

  /** The same, with the PIN in its own variable. */
  get envWithPin(): Record<string, string> {
    return {
      ...this.#with(`pkcs11:token=upki?module-path=${LIBRARY}`),
      UPKI_CA_TOKEN_PIN: PIN,
    };
  }

  #with(uri: string): Record<string, string> {
    return {
      SOFTHSM2_CONF: this.#conf,
      UPKI_CA_ROOT_KEY: uri,
      UPKI_CA_ISSUER_KEY: uri,
      UPKI_CA_OCSP_KEY: uri,
    };
  }

  /** Writes another PIN to the file the CA reads; the token's PIN stays. */
  usePin(pin: string | null): Promise<void> {
    return writeFile(this.#pin, `${pin ?? PIN}\n`, { mode: 0o600 });
  }

  /** Simulates the removal of the token. */
  async takeOut(): Promise<void> {
    await rename(this.#tokens, `${this.#tokens}.out`);
    await mkdir(this.#tokens);
  }

  async putBack(): Promise<void> {
    await rm(this.#tokens, { recursive: true });
    await rename(`${this.#tokens}.out`, this.#tokens);
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** Compiled once and cached. @throws NotInstallable */
async function installPackage(home: string): Promise<void> {
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'package.json'), '{"private":true}\n');
  // This Node's headers are installed; node-gyp would download them.
  const nodedir = dirname(dirname(process.execPath));
  const words = [
    'install',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    `--nodedir=${nodedir}`,
    'pkcs11js@2',
  ];
  try {
    await run('npm', words, { cwd: home, timeout: 600_000 });
  } catch (error) {
    throw new NotInstallable(`pkcs11js: ${error instanceof Error ? error.message : error}`);
  }
}
