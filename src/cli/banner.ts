import { X509Certificate } from 'node:crypto';
import { type AcmeServer, CLIENTS, EXAMPLE_NAME } from '../pages/client-lines.js';
import { fromPem } from '../x509/pem.js';

export interface Serving extends AcmeServer {
  /** PEM of the roots to trust, the one in use first. */
  root: string;
  /** Whether anyone may order any name, without an external account; a warning is then printed. */
  open: boolean;
}

/** The last line of the greeting of `upki start`; scripts wait for it. */
const readyLine = (directoryUrl: string): string => `uPKI is ready: ${directoryUrl}`;

/** The greeting for programs and logs: all URLs and paths, and lines to paste for every client. */
export function banner(serving: Serving): string {
  const clients = Object.values(CLIENTS).map((of) => {
    const { title, lines } = of(serving);
    return [`  ${title}`, ...lines.map((line) => `    ${line}`), ''].join('\n');
  });
  return `
${facts(serving)}
  Get a certificate for ${EXAMPLE_NAME}, as root, on the machine that has this name and with its port 80 free
  (on another machine, copy the root certificate there first and compare its fingerprint):

${clients.join('\n')}
${readyLine(serving.directoryUrl)}
`;
}

/** The greeting for a person at a terminal, on one screen. */
export function screen(serving: Serving): string {
  const first = CLIENTS.lego?.(serving).lines ?? [];
  return `
${facts(serving)}
  The first certificate, as root, on a machine that has the name and with its port 80 free:

${first.map((line) => `    ${line}`).join('\n')}

  Other clients: upki clients certbot | acme.sh | caddy | traefik      All commands: upki --help

${readyLine(serving.directoryUrl)}
`;
}

/** Fingerprints of the published roots, the one in use first. During a rollover there are two. */
function fingerprints(roots: string): string {
  const all = fromPem('CERTIFICATE', roots).map((der) => new X509Certificate(der).fingerprint256);
  return all
    .map((each, index) => `  SHA-256      ${each}${index === 0 ? '' : ' (the next or the former root)'}`)
    .join('\n');
}

function facts({ directoryUrl, rootPath, root, open }: Serving): string {
  const { port, protocol } = new URL(directoryUrl);
  const door = `  Open door    Anybody who reaches port ${port || (protocol === 'https:' ? '443' : '80')} may order a certificate for any name they control.
               Restrict the names with UPKI_RA_ALLOW=example.internal (docs/configuration.md).
`;
  return `  Directory    ${directoryUrl}
  Root         ${rootPath}
${fingerprints(root)}
${open ? door : ''}`;
}
