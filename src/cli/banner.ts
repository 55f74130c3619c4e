import { X509Certificate } from 'node:crypto';
import { shellWord } from '../lib/shell-word.js';

export interface Serving {
  directoryUrl: string;
  /** Path of the root certificate. */
  rootPath: string;
  /** PEM. */
  root: string;
}

/** The line that `upki start` ends its greeting with; scripts wait for it. */
export const readyLine = (directoryUrl: string): string => `uPKI is ready: ${directoryUrl}`;

/** What an operator needs next: where everything is, and lines to paste for the common clients. */
export function banner({ directoryUrl, rootPath, root }: Serving): string {
  const url = shellWord(directoryUrl);
  const ca = shellWord(rootPath);
  const name = 'app.example.internal';
  const mail = 'admin@example.internal';
  return `
  Directory    ${directoryUrl}
  Root         ${rootPath}
  SHA-256      ${new X509Certificate(root).fingerprint256}

  Get a certificate for ${name}, as root, on the machine that has this name and with its port 80 free
  (on another machine, copy the root certificate there first and compare its fingerprint):

  certbot
    REQUESTS_CA_BUNDLE=${ca} certbot certonly --standalone --agree-tos --no-eff-email \\
      -m ${mail} --server ${url} -d ${name}

  lego (version 5; version 4 wants run as its last word)
    LEGO_CA_CERTIFICATES=${ca} lego run --accept-tos --email ${mail} --http \\
      --server ${url} --domains ${name}

  acme.sh
    acme.sh --issue --standalone --server ${url} --ca-bundle ${ca} -d ${name}

  Caddy (Caddyfile)
    ${name} {
      tls {
        ca ${directoryUrl}
        ca_root ${caddyWord(rootPath)}
      }
      respond "hello"
    }

  Traefik (https://${name}/ping is then its answer)
    LEGO_CA_CERTIFICATES=${ca} traefik \\
      --entrypoints.web.address=:80 --entrypoints.websecure.address=:443 \\
      --certificatesresolvers.upki.acme.caserver=${url} \\
      --certificatesresolvers.upki.acme.email=${mail} \\
      --certificatesresolvers.upki.acme.storage=acme.json \\
      --certificatesresolvers.upki.acme.httpchallenge.entrypoint=web \\
      --entrypoints.websecure.http.tls.certresolver=upki \\
      '--entrypoints.websecure.http.tls.domains[0].main=${name}' \\
      --ping --ping.entrypoint=websecure

${readyLine(directoryUrl)}
`;
}

function caddyWord(text: string): string {
  return /\s|"/.test(text) ? `"${text.replaceAll('"', '\\"')}"` : text;
}
