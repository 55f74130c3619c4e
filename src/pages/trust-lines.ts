import { shellWord } from '../lib/shell-word.js';
import type { Root } from './roots.js';

/** What a machine must do to trust a root. */
export interface TrustLines {
  title: string;
  /** A sentence before the lines, where they need one. */
  note?: string;
  lines: string[];
}

/** Where the root is fetched from and what it must be. */
export interface TrustSource {
  root: Pick<Root, 'sha256' | 'pem'>;
  /** URL of the DER file. */
  url: string;
}

const FILE = 'upki-root.cer';

/**
 * How each system and program comes to trust a root. Every list of lines compares the fingerprint before it changes anything; the
 * root is fetched without trust in the connection, because the comparison is what makes it the right one.
 */
export function trustLines({ root, url }: TrustSource): TrustLines[] {
  const { sha256 } = root;
  const lower = sha256.toLowerCase();
  // -k only for a file whose hash is compared in the same line.
  const curl = url.startsWith('https:') ? 'curl -kfsSo' : 'curl -fsSo';
  const fetched = `${curl} ${FILE} ${shellWord(url)} && echo '${lower}  ${FILE}' | sha256sum -c`;
  const onMac = `${curl} ${FILE} ${shellWord(url)} && echo '${lower}  ${FILE}' | shasum -a 256 -c`;
  const toPem =
    '{ echo -----BEGIN CERTIFICATE-----; base64 upki-root.cer; echo -----END CERTIFICATE-----; } > upki-root.crt';
  const pem = [`${fetched} &&`, `  ${toPem}`];
  const alias = `upki-${lower.slice(0, 8)}`;
  const store = (command: string) => [`${fetched} &&`, `  ${toPem} &&`, `  ${command}`];
  return [
    {
      title: 'Windows',
      note: 'In PowerShell, as administrator. Edge, Chrome and .NET use this store.',
      lines: [
        `Invoke-WebRequest -UseBasicParsing '${powerShell(url)}' -OutFile ${FILE}`,
        `if ((Get-FileHash ${FILE} -Algorithm SHA256).Hash -eq '${sha256}') {`,
        `  Import-Certificate -FilePath ${FILE} -CertStoreLocation Cert:\\LocalMachine\\Root`,
        "} else { throw 'this is not the root: nothing was installed' }",
      ],
    },
    {
      title: 'macOS',
      note: 'Or open the profile (.mobileconfig) and allow it in System Settings.',
      lines: [
        `${onMac} &&`,
        `  sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${FILE}`,
      ],
    },
    {
      title: 'Debian, Ubuntu',
      lines: store(
        `sudo install -m 644 upki-root.crt /usr/local/share/ca-certificates/${alias}.crt && sudo update-ca-certificates`,
      ),
    },
    {
      title: 'Fedora, RHEL',
      lines: store(
        `sudo install -m 644 upki-root.crt /etc/pki/ca-trust/source/anchors/${alias}.crt && sudo update-ca-trust`,
      ),
    },
    {
      title: 'Alpine',
      note: 'As root; `apk add ca-certificates curl` first.',
      lines: store(
        `install -m 644 upki-root.crt /usr/local/share/ca-certificates/${alias}.crt && update-ca-certificates`,
      ),
    },
    {
      title: 'Firefox',
      note: 'By its policies, on Linux; a policies.json that is there already is left alone: add the file to its Certificates.Install. On Windows and macOS Firefox uses the store of the system.',
      lines: [
        `${fetched} && sudo install -D -m 644 ${FILE} /etc/firefox/policies/${alias}.cer &&`,
        '  test ! -e /etc/firefox/policies/policies.json &&',
        `  echo '{"policies":{"Certificates":{"Install":["/etc/firefox/policies/${alias}.cer"]}}}' |`,
        '  sudo tee /etc/firefox/policies/policies.json',
      ],
    },
    {
      title: 'Chromium, Chrome on Linux',
      note: 'For one user; `certutil` is in libnss3-tools or nss-tools.',
      lines: [`${fetched} &&`, `  certutil -d "sql:$HOME/.pki/nssdb" -A -t C,, -n ${alias} -i ${FILE}`],
    },
    {
      title: 'Java',
      lines: [
        `${fetched} &&`,
        `  keytool -importcert -cacerts -storepass changeit -noprompt -alias ${alias} -file ${FILE}`,
      ],
    },
    {
      title: 'Docker',
      note: 'In a Dockerfile of a Debian or Alpine image: the builder compares the fingerprint. It fetches over http only.',
      lines: [
        `ADD --checksum=sha256:${lower} ${url} /tmp/${FILE}`,
        `RUN cd /tmp && ${toPem} && \\`,
        `    install -D -m 644 upki-root.crt /usr/local/share/ca-certificates/${alias}.crt && update-ca-certificates`,
      ],
    },
    {
      title: 'Node.js',
      lines: [...pem.slice(0, -1), `${pem.at(-1)} &&`, '  export NODE_EXTRA_CA_CERTS="$PWD/upki-root.crt"'],
    },
    {
      title: 'Python',
      note: 'REQUESTS_CA_BUNDLE replaces what requests trusts otherwise: use it where all servers have certificates of this PKI.',
      lines: [...pem.slice(0, -1), `${pem.at(-1)} &&`, '  export REQUESTS_CA_BUNDLE="$PWD/upki-root.crt"'],
    },
    {
      title: 'Kubernetes (trust-manager)',
      note: 'Fetches the root, compares it, writes a Bundle around it and applies that.',
      lines: [
        ...pem.slice(0, -1),
        `${pem.at(-1)} &&`,
        `  { printf 'apiVersion: trust.cert-manager.io/v1alpha1\\nkind: Bundle\\nmetadata:\\n  name: ${alias}\\nspec:\\n  sources:\\n  - useDefaultCAs: true\\n  - inLine: |\\n'; sed 's/^/      /' upki-root.crt;`,
        "    printf '  target:\\n    configMap:\\n      key: ca-certificates.crt\\n'; } > upki-bundle.yaml && kubectl apply -f upki-bundle.yaml",
      ],
    },
  ];
}

const powerShell = (text: string): string => text.replaceAll("'", "''");
