// `npm run tool NAME -- …`: builds the tools and runs one of those below; without a name it prints the list.
// Plain JavaScript because it runs before the tools are compiled.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { modified, newest } from './newest.mjs';

const TOOLS = {
  bench: [
    'bench/main.js',
    'the cost of a certificate in CPU, memory and time; compared with other servers by --peers',
  ],
  searches: ['bench/searches/main.js', 'how long a search among a million certificates takes'],
  footprint: ['bench/footprint/main.js', 'the disk space of a certificate'],
  steady: ['bench/steady/main.js', 'whether the databases stop growing: a year of short certificates'],
  'wall-clock': ['bench/wall-clock.js', 'how long certbot and lego take for their first certificate'],
  crash: ['crash/main.js', 'kill -9 at random moments under load; every promise is checked'],
  chaos: ['chaos/main.js', 'replicas under load while programs, PostgreSQL, the network and a disk fail'],
  interop: ['interop/main.js', 'installs foreign ACME clients and runs each against a fresh uPKI'],
  suites: [
    'interop/suites/main.js',
    "other projects' tests for Let's Encrypt's test server, run against uPKI in its place",
  ],
  zlint: ['judges/zlint/main.js', 'zlint checks certificates and CRLs'],
  revocation: ['judges/revocation/main.js', 'OpenSSL, GnuTLS, Java and certbot check a revoked certificate'],
  verifiers: [
    'judges/verifiers/main.js',
    'nginx, Apache, HAProxy, OpenSSL, GnuTLS, NSS, Java and rustls verify whole chains',
  ],
  chains: [
    'judges/chains/main.js',
    "certbot and acme.sh choose chains through a root's rollover; OpenSSL verifies them",
  ],
  timeline: [
    'judges/timeline/main.js',
    'years and wrong clocks, by libfaketime; OpenSSL verifies the certificates of a client with the right time',
  ],
  est: [
    'judges/est/main.js',
    "strongSwan's EST client enrols and renews, at one uPKI and at replicas on PostgreSQL",
  ],
  authority: [
    'judges/authority/main.js',
    'OpenSSL, Go, Java and certbot before, between and after rollovers of issuer and root; name constraints',
  ],
  token: ['judges/token/main.js', 'a CA whose keys are in SoftHSM, also while the token is removed'],
  'node-lines': [
    'judges/node-lines/main.js',
    'the lines that upki node add prints, run by certbot, lego, acme.sh, Caddy and Traefik',
  ],
  fuzz: ['judges/fuzz/main.js', 'schemathesis on the REST API; the property tests with many more cases'],
  hostile: [
    'judges/hostile/main.js',
    'attacks a running uPKI over the network and reports which promises held',
  ],
  browser: [
    'judges/browser/main.js',
    'drives chromium through the landing page and the console; axe-core; a page of another site',
  ],
  deploy: ['judges/deploy/main.js', 'checks the files in deploy/'],
  package: [
    'judges/package/main.js',
    'builds the Debian package, installs, starts and removes it in a fresh Debian',
  ],
  image: [
    'judges/image/main.js',
    'carries out the Containerfile without a container engine, and runs the result with a read-only root',
  ],
  'python-upki': ['python-upki/main.js', 'our programs with the Python ones, and the migration'],
  'docs-check': [
    'judges/docs/main.js',
    'runs every shell block of README and docs unchanged, and the lines that programs print',
  ],
  'first-hour': [
    'judges/first-hour/main.js',
    'starts the product from a path with a space, in German, without IPv6, not as root, with every Node version',
  ],
  docs: ['docs/main.js', 'writes the generated documents (also `npm run docs`)'],
};

const [name = '', ...args] = process.argv.slice(2);
const main = Object.entries(TOOLS).find(([each]) => each === name)?.[1][0];
if (main === undefined) {
  const known = Object.entries(TOOLS).map(([each, [, duty]]) => `  ${each.padEnd(12)} ${duty}\n`);
  const list = `npm run tool NAME -- [options]; --help lists a tool's options\n\n${known.join('')}`;
  const asked = name === '' || name === '--help';
  process[asked ? 'stdout' : 'stderr'].write(asked ? list : `no tool is called "${name}"\n\n${list}`);
  process.exit(asked ? 0 : 2);
}

/** Milliseconds. */
const DAY = 86_400_000;
const root = join(import.meta.dirname, '..');
const node = process.execPath;
run(node, [join(root, 'tools', 'prepare.mjs')]);
run(node, [join(compiled(), 'tools', main), ...args]);

/**
 * The folder with the compiled tools: one for each state of the sources, renamed when it is complete. So a tool never loads half of a
 * build, and the build it runs from stays while it runs. Those that nothing used for a day are removed.
 */
function compiled() {
  const all = join(root, '.cache', 'tools');
  const sources = newest(
    ...['src', 'tools', 'tsconfig.tools.json', 'tsconfig.json'].map((each) => join(root, each)),
  );
  const folder = join(all, String(sources));
  mkdirSync(all, { recursive: true });
  if (!existsSync(folder)) {
    const draft = join(all, `${process.pid}.new`);
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    run(node, [tsc, '-p', join(root, 'tsconfig.tools.json'), '--outDir', draft]);
    try {
      renameSync(draft, folder);
    } catch (error) {
      // Another process has just put the same build in place.
      if (!existsSync(folder)) throw error;
      rmSync(draft, { recursive: true });
    }
  }
  const now = new Date();
  utimesSync(folder, now, now);
  for (const each of readdirSync(all).map((name) => join(all, name)))
    if (modified(each) < now.getTime() - DAY) rmSync(each, { recursive: true, force: true });
  return folder;
}

/**
 * The terminal sends Ctrl-C to the tool too; this program waits until the tool has cleaned up.
 * @param {string} command @param {string[]} args
 */
function run(command, args) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) process.stderr.write(`${error.message}\n`);
  if (status !== 0) process.exit(status ?? (signal === 'SIGINT' ? 130 : 1));
}
