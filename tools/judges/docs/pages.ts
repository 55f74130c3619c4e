/** The preconditions of a page, as shell. */
export interface PageWorld {
  /** Before the first block, and again in a new world (`<!-- fresh -->`). */
  setup?: string;
  /** Before the first block under a heading, or another (`Heading [2]`): the steps that the prose between the blocks describes. */
  before?: Record<string, string>;
  /** After the last block under a heading: checks of what the page promises. */
  after?: Record<string, string>;
  /** Programs that no registry may have: without one of them the page's blocks are skipped, and reported. */
  needs?: string[];
  /** The reader's working directory; a separate one by default. */
  folder?: 'checkout';
}

const started = (url: string) => `UPKI_RA_URL=${url} upki start`;
const copiedRoot = 'cp ~/.upki/ra/ca.crt /etc/ssl/upki-root.crt';
/** The world of a client's guide: the RA under the guides' name, and its root at the guides' path. */
const GUIDE = `${started('https://pki.example.internal:8000')}\n${copiedRoot}`;

/** Checks over TLS, as clients will, that the RA serves under the name. */
const serves = (url: string) =>
  `curl -fsS --cacert ~/.upki/ra/ca.crt ${url}/acme/directory | grep -q '"newOrder": *"${url}/'`;

/** Runs an HTTPS server in the background until it answers for the name, as clients see it, with this text. */
const answers = (server: string, url: string, text: string) =>
  `setsid ${server} > server.log 2>&1 &
server=$!
get() { curl -fsS --cacert ~/.upki/ra/ca.crt ${url} 2>&1; }
for _ in $(seq 300); do get | grep -q '${text}' && break; kill -0 $server || break; sleep 0.1; done
get | grep '${text}' || { cat server.log; false; }
kill -- -$server; wait $server || true`;
/** The service behind the servers of the guides. */
const BEHIND = `mkdir behind && echo 'behind the server' > behind/index.html
python3 -m http.server -d behind 3000 > behind.log 2>&1 &
mkdir -p /var/lib/traefik`;

/** An RA that trusts a proxy as the page says, and the files that the proxy's configuration names. */
const BEHIND_PROXY = `proxies=$UPKI_RA_TRUSTED_PROXIES header=$UPKI_RA_PROXY_HEADER
fresh
ip addr add 10.0.0.7/32 dev lo
UPKI_RA_TRUSTED_PROXIES=$proxies UPKI_RA_PROXY_HEADER=$header UPKI_RA_CN=ra.example.internal upki start
upki admin add alice
upki node add proxy.example.internal --names proxy.example.internal --profile webapp --json | jq -r '[.. | .command? // empty][0]' > enrol.sh
sh -e enrol.sh
mkdir -p /etc/nginx
cp key.pem /etc/nginx/proxy.key
cat cert.pem chain.pem > /etc/nginx/proxy.crt
cp alice/upki-root.crt /etc/nginx/upki-root.crt
cat chain.pem alice/upki-root.crt > /etc/nginx/upki-issuer-and-root.pem`;

/** nginx with the page's configuration: an administrator is recognised through it, and a forged header is not accepted. */
const THROUGH_NGINX = `for each in client_body proxy fastcgi uwsgi scgi; do echo "\${each}_temp_path $each;"; done > paths.conf
cat > nginx.conf <<'CONF'
daemon off; pid nginx.pid; error_log nginx.log info;
events {}
http {
  access_log off; include paths.conf;
  server {
    listen 127.0.0.1:8443 ssl; proxy_bind 10.0.0.7;
    ssl_certificate /etc/nginx/proxy.crt; ssl_certificate_key /etc/nginx/proxy.key;
    include /etc/nginx/upki.conf;
  }
}
CONF
setsid nginx -p "$PWD" -e nginx.log -c "$PWD/nginx.conf" &
server=$!
proxy=https://proxy.example.internal:8443
through() { curl -sS --cacert alice/upki-root.crt -o answer -w '%{http_code}' "$@" || true; }
for _ in $(seq 100); do [ "$(through $proxy/api/v1/public/health)" != 200 ] || break; kill -0 $server || break; sleep 0.1; done
test "$(through --cert alice/alice.crt --key alice/alice.key $proxy/api/v1/private/admins)" = 200 || { cat answer nginx.log; false; }
test "$(through $proxy/api/v1/private/admins)" = 401
test "$(through -H "X-SSL-CLIENT-CERT: $(jq -sRr @uri alice/alice.crt)" $proxy/api/v1/private/admins)" = 401
kill -- -$server; wait $server || true`;

/** By path. A page without an entry is run in the world of `upki start` with defaults. */
export const PAGES: Readonly<Record<string, PageWorld>> = {
  'README.md': {
    before: { 'Two machines [2]': 'SEED=$(upki ca seed)' },
    after: {
      'Two machines': `${serves('https://pki.example.internal:8000')}
LEGO_CA_CERTIFICATES=$HOME/.upki/ra/ca.crt lego run --accept-tos --email you@example.internal --http \\
  --server https://pki.example.internal:8000/acme/directory --domains app.example.internal
openssl x509 -in .lego/certificates/app.example.internal.crt -noout -text | grep -q 'URI:http://pki.example.internal:8001/crl/'`,
    },
  },
  'CONTRIBUTING.md': { folder: 'checkout' },
  'deploy/README.md': {},
  'docs/audit.md': { setup: 'upki start\nmkdir -p /mnt/elsewhere' },
  'docs/authority.md': {
    setup: 'upki start\nmkdir -p /media/usb',
    before: {
      OpenSSL: `export HOME=$(mktemp -d "$WORLD/private/home.XXXXXX") && cd
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout root.key -out root.crt -subj /CN=Root -days 3650
upki ca init --request issuer.csr`,
    },
  },
  'docs/clients/acme-sh.md': { setup: GUIDE, needs: ['acme.sh'] },
  'docs/clients/caddy.md': {
    setup: `${GUIDE}\n${BEHIND}`,
    needs: ['caddy'],
    after: { Caddy: answers('caddy run', 'https://app.example.internal', 'behind the server') },
  },
  'docs/clients/certbot.md': { setup: GUIDE, needs: ['certbot'] },
  'docs/clients/lego.md': {
    setup: GUIDE,
    before: { 'Version 4': 'cd "$(mktemp -d "$WORLD/private/here.XXXXXX")"\nlego() { lego4 "$@"; }' },
    after: {
      lego: 'test -s .lego/certificates/app.example.internal.crt',
      'Version 4': 'test -s .lego/certificates/app.example.internal.crt',
    },
  },
  'docs/clients/traefik.md': {
    setup: `${GUIDE}\n${BEHIND}`,
    needs: ['traefik'],
    after: {
      Traefik: `echo 'providers: { file: { filename: routers.yml } }' >> traefik.yml
${answers('traefik --configFile=traefik.yml', 'https://app.example.internal', 'behind the server')}`,
    },
  },
  'docs/console.md': { setup: `${started('https://pki.plant.lan:8000')}\nupki admin add alice` },
  'docs/est.md': {
    setup: `${started('https://pki.plant.lan:8000')}
upki admin add alice && cp alice/upki-root.crt .
SEED=$(upki node add cam-7.plant.lan --names cam-7.plant.lan --json | jq -r '[.. | .seed? // empty | strings][0]')`,
  },
  'docs/nodes.md': {
    setup: started('https://pki.example.internal:8000'),
    before: {
      Renew: `pki -H 'Content-Type: application/json' https://pki.example.internal:8000/api/v1/private/nodes \\
  -d '{"cn": "box.example.internal", "sans": ["10.0.0.7", "box.lan"], "replace": true}' | jq -r .data.command > enrol.sh
sh -e enrol.sh
openssl verify -CAfile ca.pem -untrusted chain.pem cert.pem`,
    },
    after: { Renew: 'openssl verify -CAfile ca.pem -untrusted fullchain.pem cert.pem' },
  },
  'docs/operations.md': { setup: 'upki start\nexport UPKI_BACKUP_PASSPHRASE=correct-horse-battery' },
  'docs/operator.md': {
    setup: `${started('https://pki.plant.lan:8000')}
upki admin add alice
LEGO_CA_CERTIFICATES=$HOME/.upki/ra/ca.crt lego run --accept-tos --email alice@plant.lan --http \\
  --server https://pki.plant.lan:8000/acme/directory --domains press-17.plant.lan`,
    before: {
      'How do I change rules without a restart?': 'openssl rand -hex 32 > leaked.txt',
      'Whose ACME account is this, and how do I stop it?':
        "ACCOUNT=$(upki account list --contact alice --json | jq -r '.. | .id? // empty' | head -n 1)",
    },
  },
  'docs/rest.md': {
    setup: 'upki start',
    needs: ['nginx'],
    after: { 'Behind a proxy': THROUGH_NGINX },
    before: {
      'Behind a proxy [2]': BEHIND_PROXY,
      'As the holder of a certificate': `cp alice/upki-root.crt .
as_alice $api/private/nodes -H 'Content-Type: application/json' -d '{"cn": "laptop"}' | jq -r .data.command > enrol.sh
sh -e enrol.sh && cp cert.pem laptop.crt && cp key.pem laptop.key`,
    },
  },
  'docs/trust.md': {
    needs: ['certutil', 'keytool', 'update-ca-certificates'],
    setup: `${GUIDE}
FINGERPRINT=$(openssl x509 -in ~/.upki/ra/ca.crt -noout -fingerprint -sha256 | cut -d= -f2)
mkdir -p ~/.pki/nssdb ~/.mozilla/firefox/a.default
for database in ~/.pki/nssdb ~/.mozilla/firefox/a.default; do certutil -N -d sql:$database --empty-password; done
code() { "$@" > said 2>&1 && echo 0 || echo $?; }
stores() {
  find /etc/ssl /usr/local/share/ca-certificates -type f ! -path '*/java/*' -exec sha256sum {} + | sort
  find /etc/ssl -type l -printf '%p %l\\n' | sort
  for database in ~/.pki/nssdb ~/.mozilla/firefox/a.default; do certutil -L -d sql:$database; done
  keytool -list -cacerts -storepass changeit 2> /dev/null | grep -A1 ', trustedCertEntry' | sort
}
update-ca-certificates --fresh > /dev/null 2>&1
stores > before
! curl -fsS https://pki.example.internal:8000/acme/directory > /dev/null 2>&1`,
    after: {
      'This machine': `! curl -fsS https://pki.example.internal:8000/acme/directory > /dev/null 2>&1
stores > after && diff before after
upki trust install
curl -fsS https://pki.example.internal:8000/acme/directory > /dev/null
test "$(keytool -list -cacerts -storepass changeit 2> /dev/null | grep -c "$FINGERPRINT")" = 1
for database in ~/.pki/nssdb ~/.mozilla/firefox/a.default; do certutil -L -d sql:$database | grep '^upki-.* C,,'; done
openssl s_client -connect pki.example.internal:8000 -verify_return_error < /dev/null > /dev/null
upki trust install --json | jq -e '[.stores[].state] | all(. == "present")'
upki trust check
test "$(code upki trust install --url https://pki.example.internal:8000 --fingerprint "00$FINGERPRINT")" = 2
wrong=$(printf '%064d' 0)
test "$(code upki trust install --url https://pki.example.internal:8000 --fingerprint $wrong)" = 78
grep 'nothing was changed' said
test "$(code upki trust install --url https://pki.example.internal:8000)" = 2
upki trust remove
stores > after && diff before after
! upki trust check > said
# A root that somebody else put stays, and is not put twice.
cp ~/.upki/ra/ca.crt /usr/local/share/ca-certificates/theirs.crt && update-ca-certificates > /dev/null 2>&1
certutil -A -d sql:$HOME/.pki/nssdb -n theirs -t C,, -i ~/.upki/ra/ca.crt
stores > theirs && upki trust install && upki trust remove
stores > after && diff theirs after
upki trust install --url http://pki.example.internal:8001 --fingerprint "sha256:$FINGERPRINT" --only system nss`,
    },
  },
  'docs/validation.md': { setup: GUIDE },
};

/** Lines that programs print for people to paste, run unchanged. */
export const PRINTED: Readonly<Record<string, string>> = {
  'the lines of upki clients': `upki start
for client in lego certbot acme.sh; do
  command -v $client > /dev/null || { echo "$client is not here"; continue; }
  upki clients $client -n $client.example.internal > paste.sh
  bash -e paste.sh
done
test -s .lego/certificates/lego.example.internal.crt
if command -v caddy > /dev/null; then
  upki clients caddy -n caddy.example.internal > Caddyfile
  ${answers('caddy run', 'https://caddy.example.internal', 'hello')}
else echo "caddy is not here"; fi
if command -v traefik > /dev/null; then
  upki clients traefik -n traefik.example.internal > paste.sh
  ${answers('bash -e paste.sh', 'https://traefik.example.internal/ping', 'OK')}
else echo "traefik is not here"; fi`,
  'the line of upki admin add': `upki start
upki admin add alice > said
grep -m1 '^ *curl ' said > paste.sh
bash -e paste.sh | grep -q CN=alice`,
  'the line of upki node add': `upki start
upki node add press-17 --names press-17.plant.lan > said
grep -m1 'sh -s -- ' said > paste.sh
(mkdir node && cd node && bash -e ../paste.sh && openssl verify -CAfile ca.pem -untrusted chain.pem cert.pem)
cp ~/.upki/ra/ca.crt upki-root.crt
for client in 'lego run' certbot; do
  grep -m1 "CA.*$client" said > paste.sh
  bash -e paste.sh
done`,
  'the lines of upki start, each name of the README’s picture of them in it': `upki start
for word in $(sed -n '/^npm start.*prints/,$!d; /^  Directory/,/^uPKI is ready/p' "$CHECKOUT/README.md" | grep -o '^ *[A-Z][A-Za-z0-9-]*' | sort -u); do
  grep -q "^ *$word " "$WORLD/banner" || { echo "README shows $word, the program does not"; exit 1; }
done
awk '/^  lego/ { inside = 1; next } /^$/ { inside = 0 } inside' "$WORLD/banner" > paste.sh
bash -e paste.sh`,
};
