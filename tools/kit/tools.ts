import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { CommandFailed, run } from './command.js';
import type { GoBuild } from './go-build.js';
import { goClockOverlay } from './go-clock.js';
import { alone } from './lock.js';

/** The registries do not have the program, or this machine cannot install it. */
export class NotInstallable extends Error {}

/** Milliseconds. Traefik is seventeen hundred Go packages: on two cores that have other work, too, more than half an hour. */
const INSTALL_LIMIT = 60 * 60_000;

/**
 * Finds programs or installs them from their registries: Debian packages on the machine, everything else in our own
 * cache folder, which is kept between runs.
 */
export class Tools {
  #aptUpdated: Promise<unknown> | null = null;

  constructor(
    readonly cache: string,
    private readonly log: string,
  ) {}

  static async at(cache = defaultCache()): Promise<Tools> {
    await mkdir(cache, { recursive: true });
    const log = join(cache, 'install.log');
    await writeFile(log, '');
    return new Tools(cache, log);
  }

  /** Path of a Debian package's program. */
  async apt(name: string, program = name): Promise<string> {
    const there = () => onPath(program);
    return this.#once(there, () => this.#apt(name, program, there));
  }

  /** Path of a file of a Debian package. */
  async aptPackage(name: string, file: string): Promise<string> {
    const there = () => existing(file);
    return this.#once(there, () => this.#apt(name, file, there));
  }

  async #apt(name: string, wanted: string, found: () => string | null): Promise<string> {
    if (process.getuid?.() !== 0 || !onPath('apt-get'))
      throw new NotInstallable(`${wanted} is not on this machine, and only root can install Debian packages`);
    await this.#updateApt();
    await this.#install('apt-get', ['install', '-y', '-q', '--no-install-recommends', name]);
    return found() ?? missing(wanted, `the Debian package ${name}`);
  }

  /** Path of a file of a Debian package that is unpacked into the cache; the package is neither configured nor started. */
  async aptUnpacked(name: string, file: string): Promise<string> {
    const folder = join(this.cache, 'debian', name);
    const there = () => existing(join(folder, file));
    return this.#once(there, async () => {
      if (!onPath('apt-get')) throw new NotInstallable('this is no Debian machine');
      await mkdir(folder, { recursive: true });
      await this.#updateApt();
      await this.#install('apt-get', ['download', '-q', name], { cwd: folder });
      await this.#install('sh', ['-c', 'dpkg -x ./*.deb .'], { cwd: folder });
      return there() ?? missing(file, `the Debian package ${name}`);
    });
  }

  /** Version of an installed Debian package. */
  async debianVersion(name: string): Promise<string> {
    const said = await run('dpkg', ['-s', name]).catch(() => '');
    return /^Version: (.+)$/m.exec(said)?.[1] ?? 'unknown version';
  }

  /** Path of a program of a Python package, in a separate environment. */
  async pip(name: string, program = name): Promise<string> {
    return existing(join(await this.#venv(name), program)) ?? missing(program, `the Python package ${name}`);
  }

  /** Path of the Python of an environment with the package (`name`, or `name==version`) and its dependencies. */
  async python(name: string): Promise<string> {
    return join(await this.#venv(name), 'python');
  }

  /** Folder of the programs of a Python environment with the packages in these folders, used in place, and their dependencies. */
  async pythonFrom(name: string, folders: string[]): Promise<string> {
    return this.#venv(
      name,
      folders.flatMap((each) => ['-e', each]),
    );
  }

  async #venv(name: string, what = [name]): Promise<string> {
    const folder = join(this.cache, 'python', name);
    const done = join(folder, '.installed');
    const there = () => existing(done) && join(folder, 'bin');
    return this.#once(there, async () => {
      const python = onPath('python3');
      if (!python) throw new NotInstallable('there is no python3 on this machine');
      await this.#install(python, ['-m', 'venv', '--clear', folder]);
      await this.#install(join(folder, 'bin/pip'), ['install', '-q', ...what]);
      await writeFile(done, '');
      return join(folder, 'bin');
    });
  }

  /** Path of a program of a Go module, in this version; built without cgo, so that it needs no C compiler and no C library. */
  async go(pkg: string, version: string, program: string): Promise<string> {
    const path = this.#goPath(program, version);
    return this.#once(
      () => existing(path),
      async () => {
        await this.#install(goTool(), ['install', `${pkg}@${version}`], {
          env: { GOBIN: dirname(path), GOFLAGS: '', CGO_ENABLED: '0' },
        });
        return path;
      },
    );
  }

  /** Path of a program that `go` or `goFrom` built in an earlier run: compiling it takes minutes. @throws NotInstallable */
  goBuilt(program: string, version: string): string {
    const path = this.#goPath(program, version);
    if (!existsSync(path)) throw new NotInstallable('npm run tool interop compiles it');
    return path;
  }

  #goPath(program: string, version: string): string {
    return join(this.cache, 'go', `${program}@${version}`, program);
  }

  /** Path of a program built from a modified copy of a Go module, for modules that `go install` cannot build as published. */
  async goFrom(build: GoBuild): Promise<string> {
    const path = this.#goPath(build.program, `${build.version}${build.clock ? '-clock' : ''}`);
    return this.#once(
      () => existing(path),
      () => this.#goFrom(build, path),
    );
  }

  async #goFrom(
    { module, version, folder = '.', tags = [], edit = [], add = {}, clock }: GoBuild,
    path: string,
  ) {
    const bin = dirname(path);
    const downloaded = await this.#install(goTool(), ['mod', 'download', '-json', `${module}@${version}`]);
    const source = join(bin, 'source');
    await rm(source, { recursive: true, force: true });
    await mkdir(bin, { recursive: true });
    await this.#install('cp', ['-R', '--no-preserve=mode', JSON.parse(downloaded).Dir, source]);
    for (const [name, content] of Object.entries(add)) {
      await mkdir(dirname(join(source, name)), { recursive: true });
      await writeFile(join(source, name), content);
    }
    if (edit.length > 0) await this.#install(goTool(), ['mod', 'edit', ...edit], { cwd: source });
    const overlay = clock ? ['-overlay', await goClockOverlay(await this.#goRoot(), bin)] : [];
    await this.#install(
      goTool(),
      [
        'build',
        '-mod=mod',
        '-buildvcs=false',
        '-tags',
        tags.join(','),
        ...overlay,
        '-o',
        path,
        `./${folder}`,
      ],
      { cwd: source },
    );
    await rm(source, { recursive: true, force: true });
    return path;
  }

  async #goRoot(): Promise<string> {
    return (await this.#install(goTool(), ['env', 'GOROOT'])).trim();
  }

  /**
   * Folder with the source of a public repository, `owner/name` on GitHub, for programs in no package registry. Without internet,
   * put a clone into `sources/` of the cache by hand.
   */
  async source(repository: string, commit: string): Promise<string> {
    const folder = join(this.cache, 'sources', repository);
    if (!existsSync(join(folder, '.git'))) {
      const from = `https://github.com/${repository}.git`;
      await this.#install('git', ['clone', '-q', '--filter=blob:none', from, folder]);
    }
    await this.#install('git', ['-C', folder, 'checkout', '-q', '--detach', commit]);
    return folder;
  }

  /** Path of a program built from a Go module in this checkout. */
  async goBuild(folder: string, program: string): Promise<string> {
    const path = join(this.cache, 'go', program);
    await this.#install(goTool(), ['build', '-o', path, '.'], { cwd: folder });
    return path;
  }

  /** Java and the class path of the dependencies of a `pom.xml` in this checkout, and the version of one of its artifacts. */
  async maven(
    folder: string,
    artifact: string,
  ): Promise<{ java: string; classPath: string; version: string }> {
    const [java, mvn] = [onPath('java'), onPath('mvn')];
    if (!java || !mvn) throw new NotInstallable('there is no java or no mvn on this machine');
    const jars = join(this.cache, 'maven', artifact);
    const pom = join(folder, 'pom.xml');
    await this.#install(mvn, [
      '-q',
      '-B',
      '-f',
      pom,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${jars}`,
    ]);
    const jar = (await readdir(jars)).find((name) => name.startsWith(`${artifact}-`));
    const version = jar?.slice(artifact.length + 1, -'.jar'.length) ?? 'unknown version';
    return { java, classPath: join(jars, '*'), version };
  }

  /** Path of a program built from a Rust package in this checkout, and the pinned version of a crate. */
  async cargo(folder: string, program: string, crate: string): Promise<{ program: string; version: string }> {
    const cargo = onPath('cargo');
    if (!cargo) throw new NotInstallable('there is no cargo on this machine');
    const target = join(this.cache, 'cargo');
    const manifest = join(folder, 'Cargo.toml');
    await this.#install(cargo, [
      'build',
      '--release',
      '--locked',
      '--manifest-path',
      manifest,
      '--target-dir',
      target,
    ]);
    const version =
      (await run(cargo, ['pkgid', '--manifest-path', manifest, crate])).trim().split('@').at(-1) ?? '';
    return { program: join(target, 'release', program), version };
  }

  /** What is there, else what is installed: by one process at a time, because several would write into one folder. */
  async #once(there: () => string | null, install: () => Promise<string>): Promise<string> {
    return there() ?? alone(join(this.cache, 'lock'), async () => there() ?? install());
  }

  /** Only root can update the package lists; old lists may be enough. */
  #updateApt(): Promise<unknown> {
    this.#aptUpdated ??= this.#install('apt-get', ['update', '-q']).catch(() => undefined);
    return this.#aptUpdated;
  }

  /** Version of a module that a Go module in this checkout requires, without its `v`. */
  async goVersion(folder: string, module: string): Promise<string> {
    const said = await run(goTool(), ['list', '-m', '-f', '{{.Version}}', module], { cwd: folder });
    return said.trim().slice(1);
  }

  async #install(command: string, args: string[], more: { cwd?: string; env?: Record<string, string> } = {}) {
    try {
      return await run(command, args, {
        ...more,
        env: { DEBIAN_FRONTEND: 'noninteractive', ...more.env },
        log: this.log,
        timeout: INSTALL_LIMIT,
      });
    } catch (error) {
      if (error instanceof CommandFailed) throw new NotInstallable(error.message);
      throw error;
    }
  }
}

function defaultCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'upki-interop');
}

function goTool(): string {
  const go = onPath('go');
  if (!go) throw new NotInstallable('there is no Go toolchain on this machine');
  return go;
}

export function onPath(program: string): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}

const existing = (path: string): string | null => (existsSync(path) ? path : null);

function missing(program: string, where: string): never {
  throw new NotInstallable(`${where} holds no program ${program}`);
}
