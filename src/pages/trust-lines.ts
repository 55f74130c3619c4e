import { shellWord } from '../lib/shell-word.js';
import type { Root } from './roots.js';

/** The commands by which a machine trusts the roots. */
interface TrustLines {
  title: string;
  /** A sentence before the commands, if they need one. */
  note?: string;
  lines: string[];
}

/** The URL of a root and its expected fingerprint. */
interface TrustSource {
  root: Pick<Root, 'sha256'>;
  /** URL of the DER file. */
  url: string;
}

/** The PEM file with all roots that the lines for most systems create. */
export const BUNDLE = 'upki-root.crt';

/** A root in the lines. */
interface Wanted {
  url: string;
  /** SHA-256 of the DER file, hex. */
  upper: string;
  lower: string;
  /** The name it has in every store. */
  alias: string;
  /** Its files, DER and PEM. */
  file: string;
  pem: string;
}

/**
 * The commands by which each system and program trusts the roots; there are several roots during a replacement. Every list of commands
 * compares all fingerprints before it changes anything. The download need not be authenticated, because the fingerprint is checked.
 */
export function trustLines(sources: readonly TrustSource[]): TrustLines[] {
  const all = sources.map((source, index) => wanted(source, index, sources.length === 1));
  const [{ alias } = { alias: 'upki' }] = all;
  const compared = (sum: string) =>
    all.map(({ url, lower, file }) => {
      // -k only for a file whose hash is compared in the same line.
      const curl = url.startsWith('https:') ? 'curl -kfsSo' : 'curl -fsSo';
      return `${curl} ${file} ${shellWord(url)} && echo '${lower}  ${file}' | ${sum} -c`;
    });
  const fetched = compared('sha256sum');
  const inPem = [
    ...all.map(
      ({ file, pem }) =>
        `{ echo -----BEGIN CERTIFICATE-----; base64 ${file}; echo -----END CERTIFICATE-----; } > ${pem}`,
    ),
    ...(all.length === 1 ? [] : [`cat ${all.map(({ pem }) => pem).join(' ')} > ${BUNDLE}`]),
  ];
  const each = (line: (root: Wanted) => string) => all.map(line).join(' && ');
  const store = (folder: string, update: string, sudo = 'sudo ') =>
    inTurn(
      ...fetched,
      ...inPem,
      `${each(({ pem, alias }) => `${sudo}install -m 644 ${pem} ${folder}/${alias}.crt`)} && ${sudo}${update}`,
    );
  const policyFile = (root: Wanted) => `/etc/firefox/policies/${root.alias}.cer`;
  return [
    {
      title: 'Windows',
      note: 'In PowerShell, as administrator. Edge, Chrome and .NET use this store.',
      lines: [
        ...all.map(
          ({ url, file }) => `Invoke-WebRequest -UseBasicParsing '${powerShell(url)}' -OutFile ${file}`,
        ),
        `if (${all.map(({ file, upper }) => `(Get-FileHash ${file} -Algorithm SHA256).Hash -eq '${upper}'`).join(' -and ')}) {`,
        ...all.map(
          ({ file }) => `  Import-Certificate -FilePath ${file} -CertStoreLocation Cert:\\LocalMachine\\Root`,
        ),
        "} else { throw 'this is not the root: nothing was installed' }",
      ],
    },
    {
      title: 'macOS',
      note: 'Or open the profile (.mobileconfig) and allow it in System Settings.',
      lines: inTurn(
        ...compared('shasum -a 256'),
        ...all.map(
          ({ file }) =>
            `sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${file}`,
        ),
      ),
    },
    {
      title: 'Debian, Ubuntu',
      lines: store('/usr/local/share/ca-certificates', 'update-ca-certificates'),
    },
    {
      title: 'Fedora, RHEL',
      lines: store('/etc/pki/ca-trust/source/anchors', 'update-ca-trust'),
    },
    {
      title: 'Alpine',
      note: 'As root; `apk add ca-certificates curl` first.',
      lines: store('/usr/local/share/ca-certificates', 'update-ca-certificates', ''),
    },
    {
      title: 'Firefox',
      note: 'By its policies, on Linux; a policies.json that is there already is left alone: add the file to its Certificates.Install. On Windows and macOS Firefox uses the store of the system.',
      lines: inTurn(
        ...fetched,
        ...all.map((root) => `sudo install -D -m 644 ${root.file} ${policyFile(root)}`),
        'test ! -e /etc/firefox/policies/policies.json',
        `echo '${JSON.stringify({ policies: { Certificates: { Install: all.map(policyFile) } } })}' | sudo tee /etc/firefox/policies/policies.json`,
      ),
    },
    {
      title: 'Chromium, Chrome on Linux',
      note: 'For one user; `certutil` is in libnss3-tools or nss-tools.',
      lines: inTurn(
        ...fetched,
        ...all.map(
          ({ alias, file }) => `certutil -d "sql:$HOME/.pki/nssdb" -A -t C,, -n ${alias} -i ${file}`,
        ),
      ),
    },
    {
      title: 'Java',
      lines: inTurn(
        ...fetched,
        ...all.map(
          ({ alias, file }) =>
            `keytool -importcert -cacerts -storepass changeit -noprompt -alias ${alias} -file ${file}`,
        ),
      ),
    },
    {
      title: 'Docker',
      note: 'In a Dockerfile of a Debian or Alpine image. The builder compares the fingerprint; it can fetch over http only.',
      lines: [
        ...all.map(({ lower, url, file }) => `ADD --checksum=sha256:${lower} ${url} /tmp/${file}`),
        `RUN cd /tmp && ${inPem.slice(0, all.length).join(' && ')} && \\`,
        `    ${each(({ pem, alias }) => `install -D -m 644 ${pem} /usr/local/share/ca-certificates/${alias}.crt`)} && update-ca-certificates`,
      ],
    },
    {
      title: 'Node.js',
      lines: inTurn(...fetched, ...inPem, `export NODE_EXTRA_CA_CERTS="$PWD/${BUNDLE}"`),
    },
    {
      title: 'Python',
      note: 'REQUESTS_CA_BUNDLE replaces what requests trusts otherwise: use it where all servers have certificates of this PKI.',
      lines: inTurn(...fetched, ...inPem, `export REQUESTS_CA_BUNDLE="$PWD/${BUNDLE}"`),
    },
    {
      title: 'Kubernetes (trust-manager)',
      note: 'Fetches, compares, writes a Bundle and applies it.',
      lines: [
        ...inTurn(...fetched, ...inPem, ''),
        `  { printf 'apiVersion: trust.cert-manager.io/v1alpha1\\nkind: Bundle\\nmetadata:\\n  name: ${alias}\\nspec:\\n  sources:\\n  - useDefaultCAs: true\\n  - inLine: |\\n'; sed 's/^/      /' ${BUNDLE};`,
        "    printf '  target:\\n    configMap:\\n      key: ca-certificates.crt\\n'; } > upki-bundle.yaml && kubectl apply -f upki-bundle.yaml",
      ],
    },
  ];
}

/** @param alone whether it is the only root; its PEM file is then the bundle */
function wanted({ root: { sha256 }, url }: TrustSource, index: number, alone: boolean): Wanted {
  const alias = `upki-${sha256.slice(0, 8).toLowerCase()}`;
  return {
    ...{ url, upper: sha256, lower: sha256.toLowerCase(), alias },
    file: `upki-root${index === 0 ? '' : `-${index + 1}`}.cer`,
    pem: alone ? BUNDLE : `${alias}.crt`,
  };
}

/** Commands of which each runs only after the one before it; an empty last one leaves the list open. */
function inTurn(...commands: string[]): string[] {
  return commands
    .map(
      (command, index) => `${index === 0 ? '' : '  '}${command}${index < commands.length - 1 ? ' &&' : ''}`,
    )
    .filter((line) => line.trim() !== '');
}

const powerShell = (text: string): string => text.replaceAll("'", "''");
