import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed, run } from '../../kit/command.js';
import { newFolder } from '../../kit/folder.js';
import { NotInstallable, Tools } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';

/** The oldest Debian on whose own Node the package runs. */
const SUITE = 'trixie';
const MINUTE = 60_000;

const HELP = `npm run tool package -- [--quick]

Builds the Debian package, reads it, installs it with its dependencies into a fresh Debian (${SUITE}) made by debootstrap,
starts uPKI there until it is ready, removes the package, and looks what is left. --quick builds and reads only.
Ends with 0 when all held, 1 when something did not.
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
  for (const file of ['/usr/bin/upki', '/lib/systemd/system/upki.service', '/usr/lib/upki/dist/cli/main.js'])
    expectThat(files.includes(`.${file}\n`), `it has ${file}`);
  expectThat(
    !/node_modules\/(vitest|typescript|@biomejs)\//.test(files),
    'it has nothing that only its making needs',
  );
  const writable = files.split('\n').filter((line) => /^-.{7}w/.test(line));
  expectThat(writable.length === 0, 'nothing in it can be written by everybody');
  return path;
}

async function install(path: string, folder: string, tools: Tools): Promise<void> {
  const debootstrap = await tools.apt('debootstrap');
  const root = join(folder, 'root');
  say(`Debian ${SUITE}:`);
  await run(debootstrap, ['--variant=minbase', SUITE, root], { timeout: 10 * MINUTE }).catch((error) => {
    throw new NotInstallable(`debootstrap: ${error instanceof Error ? error.message : error}`);
  });
  const inside = (command: string, timeout = 5 * MINUTE) =>
    run('chroot', [root, '/bin/sh', '-c', command], {
      timeout,
      env: {
        DEBIAN_FRONTEND: 'noninteractive',
        LC_ALL: 'C',
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/root',
      },
    });
  await run('cp', [path, join(root, 'upki.deb')]);
  await run('cp', ['/etc/resolv.conf', join(root, 'etc/resolv.conf')]).catch(() => undefined);
  await inside(
    'apt-get update -q && apt-get install -y -q --no-install-recommends /upki.deb adduser',
    10 * MINUTE,
  );
  expectThat(
    /^Status: install ok installed$/m.test(await inside('dpkg-query -s upki')),
    'apt installs it with Node',
  );
  expectThat((await inside('upki --version')).trim() !== '', 'upki runs');
  await run('mount', ['-t', 'proc', 'proc', join(root, 'proc')]);
  try {
    await writeFile(join(root, 'start.sh'), START);
    const said = await inside(
      'adduser --system --home /var/lib/upki upki >/dev/null && sh /start.sh',
      3 * MINUTE,
    );
    expectThat(said.includes('uPKI is ready: '), 'upki start is ready, as a user that is not root');
  } finally {
    await run('umount', [join(root, 'proc')]);
  }
  await inside('apt-get remove -y -q upki');
  const left = await inside(
    'ls -d /usr/lib/upki /usr/bin/upki /lib/systemd/system/upki*.service 2>/dev/null; true',
  );
  expectThat(left.trim() === '', 'apt removes it whole');
  expectThat((await inside('ls /var/lib/upki/ca')).includes('ca.crt'), 'and leaves the data where it is');
}

/** Ends the program once it reports ready, or after two minutes. */
const START = `
export UPKI_DATA_DIR=/var/lib/upki UPKI_RA_CN=localhost UPKI_RA_PORT=0 UPKI_RA_HTTP_PORT=0 UPKI_CA_PORT=0 UPKI_CA_REGISTRATION_PORT=0
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
