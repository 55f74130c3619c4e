#!/bin/sh
# Builds upki_VERSION_ARCH.deb from this checkout: deploy/debian/build.sh [output folder, default: the current one]
# Needs Node, npm and dpkg-deb; the package needs nodejs 20 or newer, from Debian 13 or from NodeSource.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
into=$(cd "${1:-.}" && pwd)
version=$(node -p "require('$source/package.json').version")
architecture=$(dpkg --print-architecture)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
umask 022

root="$stage/root"
mkdir -p "$root/DEBIAN" "$root/usr/lib/upki" "$root/usr/bin" "$root/lib/systemd/system" "$root/usr/share/doc/upki" "$root/etc/upki"

# The program and its runtime dependencies, without build dependencies.
cd "$source"
node tools/prepare.mjs
cp package.json package-lock.json .npmrc "$root/usr/lib/upki/"
cp -R dist "$root/usr/lib/upki/dist"
(cd "$root/usr/lib/upki" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
rm -f "$root/usr/lib/upki/.npmrc" "$root/usr/lib/upki/package-lock.json" "$root/usr/lib/upki/dist/.built"
find "$root/usr/lib/upki" -name '*.map' -delete

printf '#!/bin/sh\nexec /usr/bin/node /usr/lib/upki/dist/cli/main.js "$@"\n' > "$root/usr/bin/upki"
chmod 755 "$root/usr/bin/upki"
cp deploy/systemd/*.service deploy/systemd/*.timer "$root/lib/systemd/system/"
cp README.md LICENSE "$root/usr/share/doc/upki/"
cp -R docs "$root/usr/share/doc/upki/docs"

cat > "$root/DEBIAN/control" <<CONTROL
Package: upki
Version: $version
Architecture: $architecture
Maintainer: uPKI maintainers <maintainers@upki.invalid>
Installed-Size: $(du -sk "$root" | cut -f1)
Depends: nodejs (>= 20.11)
Section: net
Priority: optional
Description: certificate authority and ACME server of a private network
 One command gives a private network a certificate authority and an ACME v2
 server that certbot, lego, Caddy, Traefik and acme.sh talk to unchanged.
CONTROL

# Starting is the administrator's decision: a CA is made at the first start. After an upgrade what runs is started again, because it
# would load parts of itself from the files of the next version. The settings are no conffile, because purge removes those: they
# may hold the passphrase of the CA's keys.
cat > "$root/DEBIAN/postinst" <<'SCRIPT'
#!/bin/sh
set -e
if [ "$1" = configure ]; then
  if [ ! -e /etc/upki/upki.env ]; then
    (umask 077; echo '# UPKI_… settings of the programs, a line each; upki start --help lists them.' > /etc/upki/upki.env)
  fi
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || true
    if [ -n "${2:-}" ]; then systemctl try-restart upki.service upki-ca.service upki-ra.service || true; fi
  fi
  if [ -z "${2:-}" ]; then echo "uPKI is installed. Start it: systemctl enable --now upki"; fi
fi
SCRIPT
cat > "$root/DEBIAN/prerm" <<'SCRIPT'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl --no-reload disable --now upki-backup.timer upki.service upki-ra.service upki-ca.service || true
fi
SCRIPT
# Data and settings stay, also on purge: they are the CA, which no package manager may delete.
cat > "$root/DEBIAN/postrm" <<'SCRIPT'
#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
if [ "$1" = purge ]; then echo "The keys and data of uPKI stay in /var/lib/upki (or /var/lib/private/upki), its settings in /etc/upki."; fi
SCRIPT
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm" "$root/DEBIAN/postrm"

package="$into/upki_${version}_${architecture}.deb"
dpkg-deb --root-owner-group -Zgzip --build "$root" "$package" > /dev/null
echo "$package"
