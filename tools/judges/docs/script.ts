import { commandsOf, type Fence, headsOf } from './fences.js';
import type { PageWorld } from './pages.js';

/** Runs in separate network, mount, host and process namespaces: it leaves nothing behind and uses no port of the machine. */
const PRELUDE = `set -eu
ip link set lo up
ip addr add 10.0.0.2/32 dev lo
hostname box
mount -t tmpfs tmpfs "$WORLD/private"
cp -a /etc "$WORLD/private/etc" 2> /dev/null || true
mount --bind "$WORLD/private/etc" /etc
cp -a /usr/local/share/ca-certificates "$WORLD/private/ca-certificates" 2> /dev/null || mkdir "$WORLD/private/ca-certificates"
[ ! -d /usr/local/share/ca-certificates ] || mount --bind "$WORLD/private/ca-certificates" /usr/local/share/ca-certificates
printf '127.0.0.1 localhost box\\n::1 localhost\\n' > /etc/hosts
rm -f /etc/resolv.conf
printf 'nameserver 127.0.0.1\\n' > /etc/resolv.conf
for folder in /mnt /media /srv /var/log /var/lib; do mount -t tmpfs tmpfs $folder; done
export HOME="$WORLD/private/home" PATH="$WORLD/bin:$PATH" LC_ALL=C.UTF-8
for variable in $(compgen -v | grep ^UPKI_); do unset "$variable"; done
mkdir -p "$HOME" "$WORLD/private/here"
"$NODE" "$NAME_SERVER" &
for _ in $(seq 100); do [ -e "$WORLD/names" ] && break; sleep 0.1; done
`;

/** Server programs are started in the background; the block continues when they are ready, like a reader in another terminal. */
const SERVE = `serve() {
  said=$1; shift
  log="$WORLD/served.$$"
  setsid "$@" > "$log" 2>&1 < /dev/null &
  child=$!
  for _ in $(seq 900); do
    if grep -q "$said" "$log"; then
      cp "$log" "$WORLD/banner"; echo $child >> "$WORLD/children"; cat "$log"; exit 0
    fi
    kill -0 $child 2> /dev/null || break
    sleep 0.1
  done
  cat "$log"; exit 1
}
`;

/** Programs that override those of the machine, by name. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  upki: `#!/bin/bash
${SERVE}
case " $* " in
  *" --help "*) ;;
  " start "*) said='uPKI is ready:' ;;
  " ra start "*|" ra listen "*) said='the RA serves' ;;
  " ca start "*|" ca listen "*) said='the CA listens' ;;
  " console "*) said='http://127.0.0.1:' ;;
esac
[ -z "\${said:-}" ] || serve "$said" "$NODE" "$CHECKOUT/dist/cli/main.js" "$@"
exec "$NODE" "$CHECKOUT/dist/cli/main.js" "$@"
`,
  npm: `#!/bin/bash
${SERVE}
cd "$CHECKOUT"
[ "\${1:-}" != start ] || serve 'uPKI is ready:' "$NPM" "$@"
exec "$NPM" "$@"
`,
  sudo: '#!/bin/sh\nexec "$@"\n',
};

const FRESH = `fresh() {
  for child in $(cat "$WORLD/children" 2> /dev/null); do kill -- "-$child" 2> /dev/null || true; done
  for child in $(cat "$WORLD/children" 2> /dev/null); do while kill -0 -- "-$child" 2> /dev/null; do sleep 0.1; done; done
  rm -f "$WORLD/children"
  for variable in $(compgen -v | grep ^UPKI_ || true); do unset "$variable"; done
  HOME=$(mktemp -d "$WORLD/private/home.XXXXXX"); cd "$(mktemp -d "$WORLD/private/here.XXXXXX")"
}
ends_with() { wanted=$1; shift; "$@" && got=0 || got=$?; [ "$got" = "$wanted" ]; }
exec 3>&1
failed() { exec 1>&3 2>&1; cat "$WORLD/said" 2> /dev/null; echo "FAILED $DOING"; }
trap failed ERR
set -E
`;

/** A script that runs the blocks of a page in one shell, one after the other, and names the one that fails. */
export function scriptOf(fences: readonly Fence[], world: PageWorld): string {
  const steps: string[] = [`cd ${world.folder === 'checkout' ? '"$CHECKOUT"' : '"$WORLD/private/here"'}`];
  const seen = new Map<string, number>();
  const setup = step('the setup of the page', world.setup ?? '');
  steps.push(setup);
  for (const [index, fence] of fences.entries()) {
    if (fence.fresh) steps.push('fresh', setup);
    const { before, after } = world;
    const count = (seen.get(fence.heading) ?? 0) + 1;
    seen.set(fence.heading, count);
    const place = count === 1 ? fence.heading : `${fence.heading} [${count}]`;
    steps.push(step(`before "${place}"`, before?.[place] ?? ''));
    if (fence.notRun === null) steps.push(block(fence));
    if (fences[index + 1]?.heading !== fence.heading)
      steps.push(step(`after "${fence.heading}"`, after?.[fence.heading] ?? ''));
  }
  return `${PRELUDE}${FRESH}${steps.join('\n')}\n`;
}

/** A script for printed lines. */
export function printedScript(what: string, commands: string): string {
  return `${PRELUDE}${FRESH}cd "$WORLD/private/here"\n${step(what, commands)}\n`;
}

function step(name: string, commands: string): string {
  return commands === '' ? '' : `DOING='${name.replaceAll("'", '’')}'\n${sourced(commands)}`;
}

function block(fence: Fence): string {
  const heads = headsOf(fence).map(
    (head) =>
      `tr -s ' ' < "$WORLD/said" | grep -qF '${head}' || { echo 'no table has the head ${head}'; false; }`,
  );
  return [
    `DOING='${fence.page}:${fence.line}'`,
    'echo; echo "== $DOING"',
    'exec > "$WORLD/said" 2>&1',
    sourced(commandsOf(fence)),
    'exec 1>&3 2>&1; cat "$WORLD/said"',
    ...heads,
  ].join('\n');
}

/** Runs in this shell, so that later blocks have the variables and functions of earlier ones. */
function sourced(commands: string): string {
  const end = '__END_OF_BLOCK__';
  return `cat > "$WORLD/block" <<'${end}'\n${commands}\n${end}\n. "$WORLD/block" < /dev/null`;
}
