import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import { newFolder } from '../../kit/folder.js';
import { runIsolated } from '../../kit/namespace.js';
import { onPath, Tools } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';

const HELP = `npm run tool first-hour -- [part of a name …]

Starts the product as a new user does, each time in separate network, mount and process namespaces: from a clone whose path has a
space, under a German locale, without IPv6, as a user other than root, and with each supported version of Node (from npm). Each time
it requests the directory, makes an administrator, and runs the container's health check. Exits with 0 if every start succeeded.
`;

const MINUTE = 60_000;
/** In addition to the Node that runs this. 20 is the oldest; it is past its end of life. */
const ENGINES = ['20', '22', '24', '26'];

const say = (line: string) => process.stdout.write(`${line}\n`);

/** The difference from this machine, as shell that runs before the product starts. */
interface Stranger {
  name: string;
  before?: string;
  /** Runs a command as another user. */
  as?: string;
  node?: string;
  /** Builds the product, like a fresh clone; the others use the existing build. */
  builds?: boolean;
}

const STRANGERS: readonly Stranger[] = [
  { name: 'a clone whose path has a space', builds: true },
  {
    name: 'a German locale',
    before: 'export LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8 LANGUAGE=de TZ=Europe/Berlin',
  },
  {
    name: 'no IPv6',
    before:
      'ip -6 address flush dev lo; echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 2> /dev/null || true',
  },
  {
    name: 'a user that is not root',
    before: 'chown -R 65534:65534 "$HERE"',
    as: 'setpriv --reuid=65534 --regid=65534 --clear-groups',
  },
];

/** Runs `npm start` of a clone until it is ready, then the next commands of every user. */
const SCRIPT = `set -eu
ip link set lo up
hostname stranger
cp /etc/hosts "$HERE/hosts"; echo '127.0.0.1 stranger' >> "$HERE/hosts"; mount --bind "$HERE/hosts" /etc/hosts
export HOME="$HERE/home" npm_config_cache="$HERE/npm" PATH="$NODE_FOLDER:$PATH"
for variable in $(compgen -v | grep ^UPKI_ || true); do unset "$variable"; done
eval "$BEFORE"
cd "$HERE/a clone"
$AS npm start > "$HERE/said" 2>&1 < /dev/null &
for _ in $(seq 1800); do grep -q '^uPKI is ready: ' "$HERE/said" && break; kill -0 $! || { cat "$HERE/said"; exit 1; }; sleep 0.1; done
grep '^uPKI is ready: ' "$HERE/said" || { cat "$HERE/said"; exit 1; }
if grep -n 'Error\\|Warning:\\|    at ' "$HERE/said"; then cat "$HERE/said"; exit 1; fi
curl -fsS --cacert "$HOME/.upki/ra/ca.crt" https://localhost:8000/acme/directory | grep -q newOrder
$AS node dist/cli/main.js health | grep -qx ready
$AS bash deploy/container-health.sh
cd "$HOME"
$AS node "$HERE/a clone/dist/cli/main.js" admin add alice > "$HERE/admin"
eval "$(grep '^ *curl ' "$HERE/admin") -fsS" | grep -q CN=alice
`;

async function attempt(
  { before = ':', as = '', node, builds }: Stranger,
  folder: string,
): Promise<string | null> {
  const here = await mkdtemp(join(folder, 'here-'));
  await mkdir(join(here, 'home'));
  await run('git', ['clone', '-q', '--no-hardlinks', CHECKOUT, join(here, 'a clone')]);
  await run('cp', ['-al', join(CHECKOUT, 'node_modules'), join(here, 'a clone', 'node_modules')]);
  if (!builds) await run('cp', ['-R', join(CHECKOUT, 'dist'), join(here, 'a clone', 'dist')]);
  // For `npm start` the packages are up to date: no registry can be reached there.
  const installed = 'node_modules/.package-lock.json';
  await run('cp', ['--remove-destination', join(CHECKOUT, installed), join(here, 'a clone', installed)]);
  await writeFile(join(here, 'script'), SCRIPT);
  await run('chmod', ['-R', 'go+rX', here]);
  try {
    return await runIsolated(join(here, 'script'), {
      timeout: 8 * MINUTE,
      env: { HERE: here, BEFORE: before, AS: as, NODE_FOLDER: node ?? join(process.execPath, '..') },
    });
  } finally {
    await rm(here, { recursive: true, force: true });
  }
}

/** Folders of the newest release of each Node version, from npm. */
async function engines(tools: Tools): Promise<Stranger[]> {
  const own = process.versions.node.split('.')[0];
  const found: Stranger[] = [];
  for (const major of ENGINES.filter((each) => each !== own)) {
    const folder = join(tools.cache, 'node', major);
    await mkdir(folder, { recursive: true });
    const npm = onPath('npm') ?? 'npm';
    await run(
      npm,
      ['install', '--prefix', folder, '--no-audit', '--no-fund', '--prefer-offline', `node@${major}`],
      {
        timeout: 5 * MINUTE,
      },
    );
    const node = join(folder, 'node_modules', 'node', 'bin');
    const version = (await run(join(node, 'node'), ['--version'])).trim();
    found.push({ name: `Node ${version}`, node });
  }
  return found;
}

/** @param only parts of names; all strangers if it is empty */
async function main(only: string[]): Promise<number> {
  const folder = newFolder('first-hour');
  await run('chmod', ['755', folder]);
  let failed = 0;
  try {
    for (const stranger of [...STRANGERS, ...(await engines(await Tools.at()))]) {
      if (only.length > 0 && !only.some((part) => stranger.name.includes(part))) continue;
      const began = Date.now();
      const failure = await attempt(stranger, folder);
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      say(`${failure === null ? 'held  ' : 'FAILED'}  ${stranger.name} (${seconds} s)`);
      if (failure !== null) say(failure);
      if (failure !== null) failed += 1;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return failed === 0 ? 0 : 1;
}

if (process.argv.includes('--help')) say(HELP.trimEnd());
else process.exitCode = await main(process.argv.slice(2));
