import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT, startUpki } from '../../kit/upki.js';
import type { Network, Target } from './target.js';

export interface UpkiTargetOptions {
  /** Another build: the folder that contains its `dist/`. */
  build?: string;
  nodeOptions?: string[];
  /** Not deleted afterwards; when absent, a temporary one that is deleted at the end. */
  dataDir?: string;
  /** Added to the environment of both programs. */
  env?: Record<string, string>;
  /** Receives every line of the log, at the programs' default log level. */
  log?: string;
}

/** Settings that make it validate in the test network, with an operator's log level. */
export function upkiEnvironment({ dns, httpPort }: Network): Record<string, string> {
  return { UPKI_LOG_LEVEL: 'info', UPKI_VA_RESOLVERS: dns, UPKI_VA_HTTP_PORT: String(httpPort) };
}

/** The build of this checkout. */
export function upkiVersion(): string {
  return JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')).version;
}

/** A fresh uPKI: supervisor, RA and CA, SQLite with synchronous=FULL, CURVE channel, TLS; all settings at their defaults. */
export async function startUpkiTarget(network: Network, options: UpkiTargetOptions = {}): Promise<Target> {
  const { build, dataDir, env, log, nodeOptions } = options;
  const upki = await startUpki({
    ...(dataDir !== undefined && { dataDir }),
    ...(nodeOptions !== undefined && { nodeOptions }),
    ...(build !== undefined && { program: join(build, 'dist/cli/main.js') }),
    env: {
      ...upkiEnvironment(network),
      ...env,
    },
    ...(log !== undefined && { onOutput: (line: string) => appendFileSync(log, `${line}\n`) }),
  });
  const { ra, ca } = upki.pids();
  if (ra === null || ca === null) throw new Error('uPKI runs without its RA or CA');
  return {
    name: ['uPKI', ...(nodeOptions ?? [])].join(' '),
    version: build === undefined ? upkiVersion() : `of ${build}`,
    state: 'durable',
    directoryUrl: upki.directoryUrl,
    crlUrl: `http://127.0.0.1:${upki.ports.http}/ca.crl`,
    serverRoot: upki.rootPem,
    identifiers: 'dns',
    pids: { RA: ra, CA: ca },
    async stop() {
      const code = await upki.stop();
      if (code !== 0) throw new Error(`uPKI ended with code ${code}`);
    },
  };
}
