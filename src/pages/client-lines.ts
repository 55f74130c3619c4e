import { shellWord } from '../lib/shell-word.js';

/** The facts a client needs: the URL of the directory and the root to trust. */
export interface AcmeServer {
  directoryUrl: string;
  /** Path of the root certificate. */
  rootPath: string;
}

/** Commands or configuration for one ACME client and one name, to paste. */
interface ClientLines {
  /** The client's name, with a note on its version where needed. */
  title: string;
  lines: string[];
}

/** The placeholder name in the lines. */
export const EXAMPLE_NAME = 'app.example.internal';
const MAIL = 'admin@example.internal';

/** Clients by their name in `upki clients`. None of the commands asks a question. */
export const CLIENTS: Readonly<Record<string, (server: AcmeServer, name?: string) => ClientLines>> = {
  certbot: (server, name = EXAMPLE_NAME) => ({
    title: 'certbot',
    lines: [
      `REQUESTS_CA_BUNDLE=${shellWord(server.rootPath)} certbot certonly --standalone --agree-tos --no-eff-email \\`,
      `  -m ${MAIL} --server ${shellWord(server.directoryUrl)} -d ${shellWord(name)}`,
    ],
  }),
  lego: (server, name = EXAMPLE_NAME) => ({
    title: 'lego (version 5; version 4 wants run as its last word)',
    lines: [
      `LEGO_CA_CERTIFICATES=${shellWord(server.rootPath)} lego run --accept-tos --email ${MAIL} --http \\`,
      `  --server ${shellWord(server.directoryUrl)} --domains ${shellWord(name)}`,
    ],
  }),
  'acme.sh': (server, name = EXAMPLE_NAME) => ({
    title: 'acme.sh',
    lines: [
      `acme.sh --issue --standalone --server ${shellWord(server.directoryUrl)} --ca-bundle ${shellWord(server.rootPath)} -d ${shellWord(name)}`,
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
  traefik: (server, name = EXAMPLE_NAME) => ({
    title: `Traefik (https://${name}/ping then answers)`,
    lines: [
      `LEGO_CA_CERTIFICATES=${shellWord(server.rootPath)} traefik \\`,
      '  --entrypoints.web.address=:80 --entrypoints.websecure.address=:443 \\',
      `  --certificatesresolvers.upki.acme.caserver=${shellWord(server.directoryUrl)} \\`,
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
