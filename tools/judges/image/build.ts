import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import { insideOf } from '../../kit/debian.js';
import { onPath } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';
import { type Stage, variablesOf, wordsOf } from './containerfile.js';

const MINUTE = 60_000;

/** What a container of an image runs with. */
export interface Image {
  root: string;
  env: Record<string, string>;
  user: string;
  folder: string;
  volumes: string[];
  entrypoint: string[];
  command: string[];
  health: string[];
}

/** Puts Node of this version with npm, and the user node, into a Debian, as Node's images have them. */
export async function addNode(root: string, major: string, cache: string): Promise<void> {
  const folder = join(cache, 'node', `image-${major}`);
  await mkdir(folder, { recursive: true });
  const wanted = [`node@${major}`, 'npm@11'];
  await run(onPath('npm') ?? 'npm', ['install', '--prefix', folder, '--prefer-offline', ...wanted], {
    timeout: 5 * MINUTE,
  });
  const modules = join(root, 'usr/local/lib/node_modules');
  await mkdir(modules, { recursive: true });
  await run('cp', ['-L', join(folder, 'node_modules/node/bin/node'), join(root, 'usr/local/bin/node')]);
  await run('cp', ['-R', join(folder, 'node_modules/npm'), modules]);
  await run('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm')]);
  await insideOf(root)('apt-get install -y -q --no-install-recommends ca-certificates libatomic1');
  // The roots that npm trusts on this machine, which may reach the registry through a proxy.
  const trusted = process.env.NODE_EXTRA_CA_CERTS;
  if (trusted) await run('cp', ['-L', trusted, join(root, trusted)]);
  await run('chroot', [root, 'useradd', '--uid', '1000', '--create-home', '--shell', '/bin/bash', 'node']);
}

/** Builds the last stage. @param base the root folder of the image each begins with; @param folder where stages are made */
export async function build(stages: readonly Stage[], base: string, folder: string): Promise<Image> {
  const built = new Map<string, Image>();
  const allowed = await allowedSources();
  let image: Image | null = null;
  for (const [index, stage] of stages.entries()) {
    const root = join(folder, `stage-${index}`);
    await run('cp', ['-a', base, root], { timeout: 5 * MINUTE });
    image = {
      ...{ root, env: {}, user: 'root', folder: '/', volumes: [], entrypoint: [], command: [], health: [] },
    };
    for (const { name, text } of stage.instructions) await carryOut(name, text, image, built, allowed);
    if (stage.name !== null) built.set(stage.name, image);
  }
  if (image === null) throw new Error('the file has no stage');
  return image;
}

async function carryOut(
  name: string,
  text: string,
  image: Image,
  built: ReadonlyMap<string, Image>,
  allowed: (source: string) => boolean,
): Promise<void> {
  const { root } = image;
  switch (name) {
    case 'ENV':
      Object.assign(image.env, variablesOf(text));
      return;
    case 'WORKDIR':
      image.folder = text;
      await mkdir(join(root, text), { recursive: true });
      return;
    case 'COPY':
      return copy(text.split(/\s+/), image, built, allowed);
    case 'RUN':
      await writeFile(join(root, 'run.sh'), `cd ${image.folder}\nset -e\n${text}\n`);
      await run('mount', ['-t', 'proc', 'proc', join(root, 'proc')]);
      try {
        const given = Object.entries(image.env).map(([key, value]) => `${key}='${value}'`);
        await insideOf(root)(`${given.join(' ')} sh /run.sh`, 15 * MINUTE);
      } finally {
        await run('umount', [join(root, 'proc')]);
        await run('rm', [join(root, 'run.sh')]);
      }
      return;
    case 'USER':
      image.user = text;
      return;
    case 'VOLUME':
      image.volumes.push(...wordsOf(text));
      return;
    case 'ENTRYPOINT':
      image.entrypoint = wordsOf(text);
      return;
    case 'CMD':
      image.command = wordsOf(text);
      return;
    case 'HEALTHCHECK':
      image.health = wordsOf(text.slice(text.indexOf('CMD ') + 4));
      return;
    case 'EXPOSE':
      return;
    default:
      throw new Error(`${name} is not known here`);
  }
}

async function copy(
  words: string[],
  image: Image,
  built: ReadonlyMap<string, Image>,
  allowed: (source: string) => boolean,
): Promise<void> {
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined;
  const target = words.pop() ?? '';
  const into = join(image.root, image.folder, target);
  const other = from === undefined ? null : built.get(from);
  if (other === undefined) throw new Error(`no stage ${from}`);
  for (const source of words) {
    if (other === null && !allowed(source)) throw new Error(`.dockerignore leaves out ${source}`);
    const path = other === null ? join(CHECKOUT, source) : join(other.root, source);
    if (!existsSync(path)) throw new Error(`there is no ${source}`);
    if (target.endsWith('/')) await mkdir(into, { recursive: true });
    await run('cp', ['-a', '--no-preserve=ownership', path, into], { timeout: 5 * MINUTE });
  }
}

/** What .dockerignore, which begins with everything, lets through. */
async function allowedSources(): Promise<(source: string) => boolean> {
  const lines = (await readFile(join(CHECKOUT, '.dockerignore'), 'utf8')).split('\n');
  if (lines[0] !== '*') throw new Error('.dockerignore does not begin with *');
  const kept = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  return (source) => kept.some((each) => source === each || source.startsWith(`${each}/`));
}
