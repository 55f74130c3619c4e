import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed, run } from '../../kit/command.js';
import { freshDebian } from '../../kit/debian.js';
import { newFolder } from '../../kit/folder.js';
import { NotInstallable, Tools } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';
import { addNode, build, type Image } from './build.js';
import { stagesOf } from './containerfile.js';

const HELP = `npm run tool image

Carries out deploy/Containerfile where there is no container engine: each stage in a Debian made by debootstrap with Node from npm, in place of
Node's image. Then runs the image as an engine does with a read-only root: as its user, without capabilities, in network, mount
and process namespaces, with only its volume writable. Checks the health command, \`upki admin add\`, the administrator's first request, that
it ends, and that it starts again with the same CA. Does not check the engine, the registry's image or the size of its layers. Needs root.
Exits with 0 if all checks passed, else with 1.
`;

const MINUTE = 60_000;
/** The bases that are known: Node's images, by version and Debian's name. */
const BASE = /^node:(\d+)-([a-z]+)-slim$/;
const say = (line: string) => process.stdout.write(`${line}\n`);

/** The script that runs in the namespaces of a container. It prints each check that passed, and ends at the first that fails. */
function scriptOf({ root, env, user, folder, volumes, entrypoint, command, health }: Image): string {
  const quoted = (words: readonly string[]) =>
    words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const given = { HOME: `/home/${user}`, PATH: '/usr/local/bin:/usr/bin:/bin', ...env };
  const variables = Object.entries(given).map(([key, value]) => `${key}=${value}`);
  const mounts = volumes.map(
    (each) =>
      `mode=$(stat -c 'mode=%a,uid=%u,gid=%g' "$root${each}"); mount -t tmpfs -o "$mode" tmpfs "$root${each}"`,
  );
  return `set -eu
root=${root}
ip link set lo up
hostname pki.example.internal
printf '127.0.0.1 localhost pki.example.internal\\n' > "$root/etc/hosts"
cp "$root/etc/hosts" hosts; mount --bind hosts /etc/hosts
mount --bind "$root" "$root"; mount -o remount,bind,ro "$root"
${mounts.join('\n')}
mount -t proc proc "$root/proc"; mount --bind /dev "$root/dev"
inside() {
  chroot "$root" setpriv --reuid=${user} --regid=${user} --init-groups --bounding-set=-all --inh-caps=-all --no-new-privs \\
    env -i ${quoted(variables)} sh -c 'cd "$1" && shift && exec "$@"' sh ${folder} "$@"
}
is_ready() {
  for _ in $(seq 300); do if inside ${quoted(health)} > health.log 2>&1; then return; fi; kill -0 $started || break; sleep 0.2; done
  cat health.log started.log; return 1
}
start() { inside ${quoted([...entrypoint, ...command])} > started.log 2>&1 & started=$!; is_ready; }
end() {
  child=$(pgrep -o -f 'dist/cli/main.js start'); kill -TERM "$child"
  wait $started || { echo "it ended with $?"; cat started.log; return 1; }
}
if inside ${quoted(health)} > /dev/null 2>&1; then echo 'healthy before it runs'; exit 1; fi
start; echo 'held  it starts with a read-only root, and its health command says so'
if inside touch /opt/upki/x 2> /dev/null; then echo 'its root can be written'; exit 1; fi
inside upki admin add alice > /dev/null
alice="$root${folder}/alice"
code=$(curl -sS --cacert "$alice/upki-root.crt" --cert "$alice/alice.crt" --key "$alice/alice.key" -o answer -w '%{http_code}' \\
  https://pki.example.internal:8000/api/v1/private/admins)
[ "$code" = 200 ] || { cat answer; exit 1; }
echo 'held  upki admin add works, and its files open the RA'
before=$(sha256sum < "$alice/upki-root.crt")
end; echo 'held  it ends when told to, with 0'
start; [ "$(sha256sum < "$root/var/lib/upki/ra/ca.crt")" = "$before" ]; echo 'held  another container on the volume goes on with the same CA'
end
`;
}

async function main(): Promise<void> {
  const folder = newFolder('image');
  try {
    const tools = await Tools.at();
    const stages = stagesOf(await readFile(join(CHECKOUT, 'deploy/Containerfile'), 'utf8'));
    const bases = new Set(stages.map(({ base }) => base));
    const [, major = '', suite = ''] = BASE.exec(stages[0]?.base ?? '') ?? [];
    if (bases.size !== 1 || major === '') throw new CommandFailed(`unknown bases: ${[...bases].join(', ')}`);
    const base = join(folder, 'base');
    await freshDebian(base, suite, tools);
    await addNode(base, major, tools.cache);
    say(`made a Debian ${suite} with Node ${(await run('chroot', [base, 'node', '--version'])).trim()}`);
    const image = await build(stages, base, folder);
    const size = async (root: string) => Number((await run('du', ['-sm', root])).split('\t')[0]);
    say(`built ${stages.length} stages; ${(await size(image.root)) - (await size(base))} MiB on its base`);
    await writeFile(join(folder, 'container.sh'), scriptOf(image));
    const namespaces = ['--net', '--mount', '--uts', '--pid', '--fork', '--mount-proc', '--kill-child'];
    const said = await run('unshare', [...namespaces, 'bash', join(folder, 'container.sh')], {
      ...{ cwd: folder, timeout: 5 * MINUTE },
    });
    say(`${said}the image: all held`);
  } catch (error) {
    const kind = error instanceof NotInstallable ? 'NOT CHECKED' : 'FAILED';
    say(`the image: ${kind}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv.includes('--help')) say(HELP.trimEnd());
else await main();
