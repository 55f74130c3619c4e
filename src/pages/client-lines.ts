import { shellWord } from '../lib/shell-word.js';

/** What a client must be told: the directory it asks and the root it trusts. */
export interface Authority {
  directoryUrl: string;
  /** Path of the root certificate. */
  rootPath: string;
}

/** The lines to paste for one ACME client, for one name. */
export interface ClientLines {
  /** As its users call it, with what they must know of its version. */
  title: string;
  lines: string[];
}

/** The name in the lines until the user puts another in its place. */
export const EXAMPLE_NAME = 'app.example.internal';
const MAIL = 'admin@example.internal';

/** By the word `upki clients` takes. Nothing here asks a question back. */
export const CLIENTS: Readonly<Record<string, (authority: Authority, name?: string) => ClientLines>> = {
  certbot: (authority, name = EXAMPLE_NAME) => ({
    title: 'certbot',
    lines: [
      `REQUESTS_CA_BUNDLE=${shellWord(authority.rootPath)} certbot certonly --standalone --agree-tos --no-eff-email \\`,
      `  -m ${MAIL} --server ${shellWord(authority.directoryUrl)} -d ${shellWord(name)}`,
    ],
  }),
  lego: (authority, name = EXAMPLE_NAME) => ({
    title: 'lego (version 5; version 4 wants run as its last word)',
    lines: [
      `LEGO_CA_CERTIFICATES=${shellWord(authority.rootPath)} lego run --accept-tos --email ${MAIL} --http \\`,
      `  --server ${shellWord(authority.directoryUrl)} --domains ${shellWord(name)}`,
    ],
  }),
  'acme.sh': (authority, name = EXAMPLE_NAME) => ({
    title: 'acme.sh',
    lines: [
      `acme.sh --issue --standalone --server ${shellWord(authority.directoryUrl)} --ca-bundle ${shellWord(authority.rootPath)} -d ${shellWord(name)}`,
    ],
  }),
  caddy: ({ directoryUrl, rootPath }, name = EXAMPLE_NAME) => ({
    title: 'Caddy (Caddyfile)',
    lines: [
      `${name} {`,
      '  tls {',
      `    ca ${directoryUrl}`,
      `    ca_root ${caddyWord(rootPath)}`,
      '  }',
      '  respond "hello"',
      '}',
    ],
  }),
  traefik: (authority, name = EXAMPLE_NAME) => ({
    title: `Traefik (https://${name}/ping is then its answer)`,
    lines: [
      `LEGO_CA_CERTIFICATES=${shellWord(authority.rootPath)} traefik \\`,
      '  --entrypoints.web.address=:80 --entrypoints.websecure.address=:443 \\',
      `  --certificatesresolvers.upki.acme.caserver=${shellWord(authority.directoryUrl)} \\`,
      `  --certificatesresolvers.upki.acme.email=${MAIL} \\`,
      '  --certificatesresolvers.upki.acme.storage=acme.json \\',
      '  --certificatesresolvers.upki.acme.httpchallenge.entrypoint=web \\',
      '  --entrypoints.websecure.http.tls.certresolver=upki \\',
      `  ${shellWord(`--entrypoints.websecure.http.tls.domains[0].main=${name}`)} \\`,
      '  --ping --ping.entrypoint=websecure',
    ],
  }),
};

function caddyWord(text: string): string {
  return /\s|"/.test(text) ? `"${text.replaceAll('"', '\\"')}"` : text;
}
