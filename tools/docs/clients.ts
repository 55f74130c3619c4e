import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The results of `npm run tool interop -- --write`, from `tools/interop/results.json`. */
interface Results {
  features: string[];
  /** A feature missing from `passed` is one the client does not have. */
  clients: { client: string; version: string; passed: Record<string, boolean>; failures: string[] }[];
  notInstallable: string[];
  leftOut: string[];
}

const HEADINGS: Record<string, string> = { handshake: 'TLS handshake' };

/** `docs/clients/README.md`: which client, in which version, passed which features. */
export function clientsPage(root: string): string {
  const results = JSON.parse(readFileSync(join(root, 'tools/interop/results.json'), 'utf8')) as Results;
  const { features, clients, notInstallable, leftOut } = results;
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const columns = ['Client', 'Version', ...features.map((feature) => HEADINGS[feature] ?? feature)];
  return [
    '# Clients',
    '',
    '<!-- Written by `npm run docs` from tools/interop/results.json, which `npm run tool interop -- --write` writes. -->',
    '',
    '`npm run tool interop` runs each of these clients against a fresh uPKI. The client gets certificates, uses one in a TLS',
    'handshake that is verified against the root, renews it and revokes it (see `tools/interop/`). `–` means that the client',
    'does not have the feature or leaves it to another program.',
    '',
    row(columns),
    row(columns.map(() => '---')),
    ...clients.map(({ client, version, passed }) =>
      row([client, version, ...features.map((feature) => cell(passed[feature]))]),
    ),
    '',
    'Guides: [certbot](certbot.md), [lego](lego.md), [acme.sh](acme-sh.md), [Caddy](caddy.md),',
    '[Traefik](traefik.md), [cert-manager](cert-manager.md).',
    ...clients.flatMap(({ client, failures }) =>
      failures.map((failure) => `\n${client}: ${failure.split('\n')[0]}`),
    ),
    ...(notInstallable.length > 0 ? ['', `Could not be installed: ${notInstallable.join(', ')}.`] : []),
    ...(leftOut.length > 0 ? ['', `Not tested yet: ${leftOut.join(', ')}.`] : []),
    '',
  ].join('\n');
}

function cell(passed: boolean | undefined): string {
  if (passed === undefined) return '–';
  return passed ? 'yes' : '**no**';
}
