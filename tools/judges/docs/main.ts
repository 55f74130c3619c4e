import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { acmeSh } from '../../interop/clients/acme-sh.js';
import { CADDY } from '../../interop/clients/caddy.js';
import { LEGO_5 } from '../../interop/clients/lego.js';
import { TRAEFIK } from '../../interop/clients/traefik.js';
import { newFolder } from '../../kit/folder.js';
import { runIsolated } from '../../kit/namespace.js';
import { NotInstallable, onPath, Tools } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';
import { type Fence, fencesOf, isDone } from './fences.js';
import { PAGES, PRINTED } from './pages.js';
import { PROGRAMS, printedScript, scriptOf } from './script.js';

const HELP = `npm run tool docs-check -- [PAGE, or what is printed: 'the lines of upki clients' …]

Runs every shell block in README, SECURITY, CONTRIBUTING, deploy/README and docs unchanged, each page in separate network, mount
and process namespaces, and the lines that the programs print for people to paste. A block that cannot be run here has the reason in
a comment before it (<!-- not run: why -->) and is counted. Configuration is written to the file that a comment names
(<!-- into: FILE -->), and its server runs with it. YAML and JSON are parsed. Needs Linux, and namespaces as root or user.
Exits with 0 if all ran, with 1 if something failed.
`;

const MINUTE = 60_000;
const LIMIT = 4 * MINUTE;
/** All output, one file per page. */
const LOGS = join(CHECKOUT, '.cache', 'docs-check');
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Foreign programs that pages use, by their names there; those that cannot be installed within seconds are left out. */
async function clients(tools: Tools): Promise<Record<string, string>> {
  const wanted: Record<string, () => Promise<string>> = {
    lego: () => tools.goFrom(LEGO_5),
    lego4: () => tools.apt('lego'),
    certbot: async () => onPath('certbot') ?? (await tools.pip('certbot')),
    certutil: () => tools.apt('libnss3-tools', 'certutil'),
    caddy: async () => tools.goBuilt('caddy', CADDY.version),
    traefik: async () => tools.goBuilt(TRAEFIK.program, TRAEFIK.version),
    nginx: () => tools.aptUnpacked('nginx', 'usr/sbin/nginx'),
    keytool: () => tools.apt('ca-certificates-java', 'keytool'),
    'update-ca-certificates': () => tools.apt('ca-certificates', 'update-ca-certificates'),
    'acme.sh': async () => {
      await acmeSh.install(tools);
      return onPath('acme.sh') ?? join(tools.cache, 'sources/acmesh-official/acme.sh/acme.sh');
    },
  };
  const found: Record<string, string> = {};
  for (const [name, install] of Object.entries(wanted)) {
    try {
      found[name] = await install();
    } catch (error) {
      if (!(error instanceof NotInstallable)) throw error;
      say(`not here: ${name}: ${error.message}`);
    }
  }
  return found;
}

/** A folder with the programs that pages call, first on the PATH. */
async function prepareWorld(programs: Record<string, string>): Promise<string> {
  const folder = newFolder('docs');
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'private'));
  for (const [name, text] of Object.entries(PROGRAMS)) {
    await writeFile(join(folder, 'bin', name), text);
    await chmod(join(folder, 'bin', name), 0o755);
  }
  for (const [name, path] of Object.entries(programs)) await symlink(path, join(folder, 'bin', name));
  return folder;
}

/** @returns the script's output if it failed, else null */
async function runScript(
  what: string,
  script: string,
  programs: Record<string, string>,
): Promise<string | null> {
  const world = await prepareWorld(programs);
  try {
    await writeFile(join(world, 'script'), script);
    return await runIsolated(join(world, 'script'), {
      timeout: LIMIT,
      log: join(LOGS, `${what.replaceAll('/', '-')}.log`),
      env: {
        WORLD: world,
        CHECKOUT,
        NODE: process.execPath,
        NPM: onPath('npm') ?? 'npm',
        NAME_SERVER: fileURLToPath(new URL('./name-server.js', import.meta.url)),
      },
    });
  } finally {
    await rm(world, { recursive: true, force: true });
  }
}

/** Parses a block that is not shell: null if it is valid, or if there is no parser for it. */
function unreadable({ language, text, page, line }: Fence): string | null {
  try {
    if (language === 'yaml') for (const { errors } of parseAllDocuments(text)) if (errors[0]) throw errors[0];
    if (language === 'json') for (const each of text.split('\n')) JSON.parse(each);
    return null;
  } catch (error) {
    return `${page}:${line}: ${error instanceof Error ? error.message : error}`;
  }
}

/** A block that a reader types but that is not marked as shell would never be run. */
const TYPED = /^(\$ |sudo |curl |upki |openssl |npm |npx |export |docker |systemctl |apt )/m;

function unsaid({ language, text, page, line }: Fence): string | null {
  return language === '' && TYPED.test(text)
    ? `${page}:${line}: a block of shell that does not say sh or console`
    : null;
}

/** Every page for people, by its path in the checkout. */
async function pagesOf(): Promise<string[]> {
  const found: string[] = [];
  for (const [folder, recursive] of [
    ['.', false],
    ['deploy', false],
    ['docs', true],
  ] as const) {
    const names = await readdir(join(CHECKOUT, folder), { recursive });
    found.push(...names.filter((name) => name.endsWith('.md')).map((name) => join(folder, name)));
  }
  return found;
}

async function main(only: string[]): Promise<number> {
  const pages = await pagesOf();
  await rm(LOGS, { recursive: true, force: true });
  await mkdir(LOGS, { recursive: true });
  const tools = await Tools.at();
  const programs = await clients(tools);
  const failures: string[] = [];
  const notRun: string[] = [];
  let ran = 0;
  for (const page of pages.sort()) {
    if (only.length > 0 && !only.includes(page)) continue;
    const all = fencesOf(page, await readFile(join(CHECKOUT, page), 'utf8'));
    failures.push(
      ...all.flatMap((fence) => [unreadable(fence), unsaid(fence)].filter((each) => each !== null)),
    );
    const done = all.filter(isDone);
    if (done.length === 0) continue;
    const world = PAGES[page] ?? { setup: 'upki start' };
    const missing = world.needs?.find((name) => programs[name] === undefined);
    for (const { line, notRun: why, without } of done) {
      const reason = missing === undefined ? why : `${missing} is not here`;
      if (reason !== null) notRun.push(`${page}:${line}: ${reason}`);
      else notRun.push(...without.map((each) => `${page}:${line} (${each.text}): ${each.reason}`));
    }
    const toRun = done.filter(({ notRun: why }) => why === null);
    if (missing !== undefined || toRun.length === 0) continue;
    const failure = await runScript(page, scriptOf(done, world), programs);
    if (failure === null) ran += toRun.length;
    else failures.push(failure);
    say(`${failure === null ? 'ran   ' : 'FAILED'}  ${page}: ${toRun.length} blocks`);
  }
  for (const [what, commands] of Object.entries(PRINTED)) {
    if (only.length > 0 && !only.includes(what)) continue;
    const failure = await runScript(what, printedScript(what, commands), programs);
    if (failure !== null) failures.push(failure);
    say(`${failure === null ? 'ran   ' : 'FAILED'}  ${what}`);
  }
  say(`\nall output is in ${LOGS}\nnot run:${notRun.length === 0 ? ' nothing' : ''}`);
  for (const each of notRun) say(`  ${each}`);
  for (const failure of failures) say(`\n${failure}`);
  say(
    `\n${ran} blocks ran as they are written, ${notRun.length} blocks and lines not, ${failures.length} failures`,
  );
  return failures.length === 0 ? 0 : 1;
}

const args = process.argv.slice(2);
if (args.includes('--help')) say(HELP.trimEnd());
else process.exitCode = await main(args);
