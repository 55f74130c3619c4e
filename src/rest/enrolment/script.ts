import { shellWord } from '../../lib/shell-word.js';
import { firstFromPem, toPem } from '../../x509/pem.js';
import type { EnrolmentCommands } from './commands.js';

interface EnrolmentScriptOptions {
  commands: Pick<EnrolmentCommands, 'generate_key' | 'generate_csr'>;
  /** Absolute. */
  certifyUrl: string;
  profile: string;
  /** PEM of the root of the RA's own certificate. */
  root: string;
}

/**
 * A POSIX shell script that creates a key, enrols it and writes key, certificate and chain to a folder. It starts only after the shell
 * has read all of it, so an incomplete download does nothing. Its inputs are in single quotes or were checked to be base64. After a
 * failure, another run continues with the same key.
 */
export function enrolmentScript({ commands, certifyUrl, profile, root }: EnrolmentScriptOptions): string {
  return `#!/bin/sh
# Enrols this machine with a uPKI authority: makes a key here, has it certified, and leaves
#   key.pem  cert.pem  chain.pem  fullchain.pem (cert and chain)  ca.pem (the root)
# in the current folder. Needs curl and openssl. --help says more.
set -eu
umask 077

usage() {
  cat <<'UPKI_USAGE'
usage: sh -s -- --seed SEED [--dir FOLDER] [--ca FILE]
  --seed SEED    the one-time seed this machine was registered with; or in the variable UPKI_SEED
  --dir FOLDER   where key and certificate go, made when absent; the current folder by default
  --ca FILE      roots (PEM) to believe the authority's server by, instead of the authority's own root
UPKI_USAGE
}

say() { printf '%s\\n' "uPKI: $*" >&2; }
fail() { say "$@"; exit 1; }

# SHA-256 of a PEM certificate.
fingerprint() { openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//'; }

# In JSON: the text as a line, and the lines of a file as one string.
json_text() { printf '%s' "$1" | sed 's/[\\\\"]/\\\\&/g' | tr -d '\\n'; }
json_lines() { sed 's/$/\\\\n/' "$1" | tr -d '\\r\\n'; }

main() {
  seed=\${UPKI_SEED:-}
  dir=.
  ca=
  while [ $# -gt 0 ]; do
    case $1 in
      --seed | --dir | --ca)
        [ $# -ge 2 ] || fail "$1 wants a value"
        case $1 in
          --seed) seed=$2 ;;
          --dir) dir=$2 ;;
          --ca) ca=$2 ;;
        esac
        shift 2
        ;;
      -h | --help)
        usage
        exit 0
        ;;
      *) fail "$1 is not an option; --help says which there are" ;;
    esac
  done
  [ -n "$seed" ] || fail 'the seed is missing: say --seed SEED, or set UPKI_SEED'
  case $seed in
    *[[:cntrl:]]*) fail 'the seed has characters no seed has' ;;
  esac
  for tool in openssl curl; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is needed and not there"
  done

  case $ca in
    '' | /*) ;;
    *) ca=$PWD/$ca ;;
  esac
  case $dir in
    /*) ;;
    *) dir=./$dir ;;
  esac
  mkdir -p "$dir"
  cd "$dir"
  [ ! -e cert.pem ] || fail "cert.pem is there already, in $PWD: move it away, or name another folder with --dir"

  work=$(mktemp -d ./.upki-XXXXXX)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  # The machine's own configuration of openssl has no say.
  printf '[req]\\ndistinguished_name = dn\\n[dn]\\n' >"$work/openssl.cnf"
  OPENSSL_CONF=$work/openssl.cnf
  export OPENSSL_CONF
  cat >"$work/ca.pem" <<'UPKI_ROOT'
${toPem('CERTIFICATE', firstFromPem('CERTIFICATE', root))}UPKI_ROOT
  say "root certificate of the authority: SHA-256 $(fingerprint "$work/ca.pem")"

  if [ -s key.pem ]; then
    say 'key.pem is there already and is used'
  else
    say 'making a key'
    ${commands.generate_key}
  fi
  ${commands.generate_csr}

  url=${shellWord(certifyUrl)}
  {
    printf '{"seed":"'
    json_text "$seed"
    printf '","profile":"%s","csr":"' ${shellWord(profile)}
    json_lines csr.pem
    printf '"}'
  } >"$work/request.json"
  status=$(curl -sS --cacert "\${ca:-$work/ca.pem}" \\
    -H 'Content-Type: application/json' -H 'Accept: application/pem-certificate-chain' \\
    --data-binary "@$work/request.json" -o "$work/fullchain.pem" -w '%{http_code}' "$url") ||
    fail "$url cannot be reached; run this again"
  if [ "$status" != 200 ]; then
    cat "$work/fullchain.pem" >&2
    printf '\\n' >&2
    fail "the authority answered $status"
  fi
  openssl x509 -in "$work/fullchain.pem" -out "$work/cert.pem"
  sed '1,/-----END CERTIFICATE-----/d' "$work/fullchain.pem" >"$work/chain.pem"
  openssl verify -CAfile "$work/ca.pem" -untrusted "$work/chain.pem" "$work/cert.pem" >/dev/null ||
    say 'the certificate does not verify now: is the clock of this machine right?'

  chmod 644 "$work/ca.pem" "$work/chain.pem" "$work/fullchain.pem" "$work/cert.pem"
  # cert.pem last: where it is, all is.
  for file in ca.pem chain.pem fullchain.pem cert.pem; do
    mv -f "$work/$file" "$file"
  done
  rm -f csr.pem
  say "done: key.pem, cert.pem, chain.pem, fullchain.pem and ca.pem are in $PWD"
}

main "$@" </dev/null
`;
}
