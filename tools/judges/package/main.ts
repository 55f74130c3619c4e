import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed, run } from '../../kit/command.js';
import { freshDebian } from '../../kit/debian.js';
import { newFolder } from '../../kit/folder.js';
import { NotInstallable, Tools } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';

/** The oldest Debian on whose own Node the package runs. */
const SUITE = 'trixie';
const MINUTE = 60_000;

const HELP = `npm run tool package -- [--quick]

Builds the Debian package, reads it, installs it with its dependencies into a fresh Debian (${SUITE}) made by debootstrap,
has systemd-analyze verify its units, starts uPKI there until it is ready, upgrades to the next version and starts again,
removes and purges the package, and lists the files that remain. --quick only builds and reads the package.
Exits with 0 if all checks passed, else with 1.
`;

const say = (line: string) => process.stdout.write(`${line}\n`);

function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new CommandFailed(`not so: ${what}`);
  say(`  ${what}`);
}

async function build(folder: string): Promise<string> {
  say('the package:');
  const said = await run(join(CHECKOUT, 'deploy/debian/build.sh'), [folder], { timeout: 10 * MINUTE });
  const path = said.trim().split('\n').at(-1) ?? '';
  const files = await run('dpkg-deb', ['--contents', path]);
  for (const file of [
    '/usr/bin/upki',
    '/lib/systemd/system/upki.service',
    '/lib/systemd/system/upki-backup.timer',
    '/usr/lib/upki/dist/cli/main.js',
  ])
    expectThat(files.includes(`.${file}\n`), `it has ${file}`);
  expectThat(
    !/node_modules\/(vitest|typescript|@biomejs)\//.test(files),
    'it has nothing that only its making needs',
  );
  const writable = files.split('\n').filter((line) => /^-.{7}w/.test(line));
  expectThat(writable.length === 0, 'nothing in it can be written by everybody');
  return path;
}

/** The same package with a later version. */
async function nextVersion(path: string, folder: string): Promise<string> {
  const [unpacked, next] = [join(folder, 'next'), join(folder, 'next.deb')];
  await run('dpkg-deb', ['--raw-extract', path, unpacked]);
  await run('sed', ['-i', 's/^Version: .*/&+next/', join(unpacked, 'DEBIAN/control')]);
  await run('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', unpacked, next], { timeout: 5 * MINUTE });
  return next;
}

/** A setting without which the CA's keys cannot be read. */
const SETTING = 'UPKI_CA_PASSPHRASE=of-the-judge';

async function install(path: string, folder: string, tools: Tools): Promise<void> {
  const root = join(folder, 'root');
  say(`Debian ${SUITE}:`);
  const inside = await freshDebian(root, SUITE, tools);
  await run('cp', [path, join(root, 'upki.deb')]);
  await run('cp', [await nextVersion(path, folder), join(root, 'next.deb')]);
  const apt = (words: string) =>
    inside(`apt-get install -y -q --no-install-recommends ${words}`, 10 * MINUTE);
  const isInstalled = async () =>
    /^Status: install ok installed$/m.test(await inside('dpkg-query -s upki 2> /dev/null || true'));
  await inside('apt-get update -q');
  await apt('/upki.deb adduser systemd');
  expectThat(await isInstalled(), 'apt installs it with Node');
  expectThat((await inside('upki --version')).trim() !== '', 'upki runs');
  await inside(
    'systemd-analyze verify --man=no /lib/systemd/system/upki*.service /lib/systemd/system/upki*.timer',
  );
  say('  systemd-analyze verifies its units');
  const modes = await inside('stat -c %a /etc/upki/upki.env');
  expectThat(modes.trim() === '600', 'its settings can be read by root only');
  await inside(`echo ${SETTING} >> /etc/upki/upki.env`);
  await run('mount', ['-t', 'proc', 'proc', join(root, 'proc')]);
  const ready = async (what: string) =>
    expectThat((await inside('sh /start.sh', 3 * MINUTE)).includes('uPKI is ready: '), what);
  const keptFiles = () => inside('sha256sum /var/lib/upki/ca/ca.crt /etc/upki/upki.env');
  try {
    await writeFile(join(root, 'start.sh'), START);
    await inside('adduser --system --home /var/lib/upki upki > /dev/null');
    await ready('upki start is ready, as a user that is not root');
    const before = await keptFiles();
    await apt('/next.deb');
    expectThat((await inside('dpkg-query -W upki')).includes('+next'), 'apt upgrades it');
    expectThat((await keptFiles()) === before, 'an upgrade leaves root and settings as they are');
    await ready('upki start is ready with them');
    await inside('apt-get remove -y -q upki');
    const left = await inside(
      'ls -d /usr/lib/upki /usr/bin/upki /lib/systemd/system/upki* 2> /dev/null; true',
    );
    expectThat(left.trim() === '', 'apt removes it whole');
    expectThat((await keptFiles()) === before, 'and leaves keys, data and settings where they are');
    await inside('apt-get purge -y -q upki');
    expectThat(!(await isInstalled()) && (await keptFiles()) === before, 'so does a purge');
    await apt('/upki.deb');
    await ready('installed again it goes on with them');
    expectThat((await keptFiles()) === before, 'and nothing has been made anew');
  } finally {
    await run('umount', [join(root, 'proc')]);
  }
}

/** Starts the program as the unit does, and ends it once it reports ready, or after two minutes. */
const START = `
export UPKI_DATA_DIR=/var/lib/upki UPKI_RA_CN=localhost UPKI_RA_PORT=0 UPKI_RA_HTTP_PORT=0 UPKI_CA_PORT=0 UPKI_CA_REGISTRATION_PORT=0
set -a; . /etc/upki/upki.env; set +a
setpriv --reuid=upki --regid=nogroup --clear-groups upki start > /tmp/started 2> /tmp/errors &
started=$!
for _ in $(seq 240); do grep -q 'is ready' /tmp/started && break; sleep 0.5; done
kill $started 2> /dev/null; wait $started
cat /tmp/started /tmp/errors
`;

if (process.argv.includes('--help')) {
  say(HELP.trimEnd());
} else {
  const folder = newFolder('package');
  try {
    const tools = await Tools.at();
    const path = await build(folder);
    if (!process.argv.includes('--quick')) await install(path, folder, tools);
    say('the Debian package: all held');
  } catch (error) {
    const kind = error instanceof NotInstallable ? 'NOT CHECKED' : 'FAILED';
    say(`the Debian package: ${kind}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
