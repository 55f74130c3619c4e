import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import { eachLine } from '../../kit/program.js';
import { CHECKOUT, inherited, type RunningUpki, startUpki } from '../../kit/upki.js';

/** A running uPKI with the administrator alice and the auditor ann, whose files are in its data folder. */
export interface World {
  upki: RunningUpki;
  /** Of the root, in pairs with colons. */
  fingerprint: string;
  /** Runs the line that enrols a node, in a folder of its own. */
  enrol(line: string): Promise<void>;
  /** What OCSP says of the node's certificate. */
  ocsp(): Promise<string>;
  /** Runs `upki console` with somebody's files; the link it prints. */
  console(who: string): Promise<string>;
  close(): Promise<void>;
}

export async function prepareWorld(): Promise<World> {
  const upki = await startUpki({ env: { UPKI_RA_CN: 'localhost' } });
  const undo: (() => unknown)[] = [];
  const cwd = upki.dataDir;
  await writeFile(join(cwd, 'passphrase'), 'of-the-judge');
  for (const args of [
    ['alice', '--passphrase-file', join(cwd, 'passphrase')],
    ['ann', '--role', 'auditor'],
  ]) {
    await run(process.execPath, [join(CHECKOUT, 'dist/cli/main.js'), 'admin', 'add', ...args], {
      cwd,
      env: { ...inherited(), HOME: cwd, UPKI_DATA_DIR: cwd },
    });
  }
  return {
    upki,
    fingerprint: new X509Certificate(upki.rootPem).fingerprint256,
    enrol: async (line) => void (await run('sh', ['-c', line], { cwd })),
    async ocsp() {
      const url = `http://localhost:${upki.ports.http}/ocsp`;
      const ask = [
        'ocsp',
        '-issuer',
        'chain.pem',
        '-cert',
        'cert.pem',
        '-url',
        url,
        '-CAfile',
        upki.rootPath,
      ];
      const told = await run('openssl', ask, { cwd });
      return /^cert\.pem: (\w+)/m.exec(told)?.[1] ?? told;
    },
    console: (who) => consoleLink(upki, who, (end) => undo.push(end)),
    async close() {
      for (const each of undo.reverse()) each();
      await upki.stop();
    },
  };
}

function consoleLink(upki: RunningUpki, who: string, onEnd: (end: () => unknown) => void): Promise<string> {
  const args = ['console', join(upki.dataDir, who), '--url', upki.baseUrl];
  const child = spawn(process.execPath, [join(CHECKOUT, 'dist/cli/main.js'), ...args], {
    env: inherited(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onEnd(() => child.kill('SIGTERM'));
  return new Promise((found, failed) => {
    child.once('close', () => failed(new Error('upki console has ended without a link')));
    eachLine(child.stdout, (line) => {
      const [link] = /http:\/\/\S+/.exec(line) ?? [];
      if (link !== undefined) found(link);
    });
  });
}
