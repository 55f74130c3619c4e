import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { show } from '../../kit/command.js';
import { type RunningUpki, runUpki } from '../../kit/upki.js';

/** An administrator's files, and the root to verify the server with. */
export interface Identity {
  certificate: string;
  key: string;
  root: string;
}

/** Makes an administrator for the running uPKI. */
export async function newAdmin(upki: RunningUpki, name: string, folder: string): Promise<Identity> {
  const out = join(folder, name);
  await runUpki(['admin', 'add', name, '-d', upki.dataDir, '--out', out]);
  const at = (file: string) => join(out, file);
  return { certificate: at(`${name}.crt`), key: at(`${name}.key`), root: at('upki-root.crt') };
}

/**
 * Every check of schemathesis except two that cannot pass here. Data that fits the schemas need not be accepted, because a schema cannot
 * describe a certification request. And schemathesis cannot leave out the certificate that `security` requires.
 */
const EXCLUDED_CHECKS = ['positive_data_acceptance', 'ignored_auth'];

/** A request outside a bound of the schema may be refused for its size before the schema is checked. */
const CONFIG = `
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "431", "503"]
`;

export interface FuzzRun {
  /** The operations to call; all if empty. */
  include: string[];
  exclude: string[];
  identity: Identity | null;
  examples: number;
  seed: number;
}

/** Runs schemathesis on the served document; resolves with whether it found nothing. Its report goes to our output. */
export async function fuzz(
  schemathesis: string,
  upki: RunningUpki,
  folder: string,
  { include, exclude, identity, examples, seed }: FuzzRun,
): Promise<boolean> {
  const config = join(folder, 'schemathesis.toml');
  await writeFile(config, CONFIG);
  const args = [
    ...['--config-file', config, 'run', `${upki.baseUrl}/api/v1/openapi.json`],
    ...['--tls-verify', upki.rootPath, '--phases', 'examples,coverage,fuzzing,stateful', '--checks', 'all'],
    ...[
      '--exclude-checks',
      EXCLUDED_CHECKS.join(','),
      '--max-examples',
      String(examples),
      '--seed',
      String(seed),
    ],
    ...(identity ? ['--request-cert', identity.certificate, '--request-cert-key', identity.key] : []),
    ...include.flatMap((path) => ['--include-path', path]),
    ...exclude.flatMap((path) => ['--exclude-path', path]),
    ...['--continue-on-failure', '--warnings', 'off', '--no-color'],
  ];
  return (await show(schemathesis, args, { cwd: folder })) === 0;
}
