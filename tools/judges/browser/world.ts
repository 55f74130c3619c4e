import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import { startDns } from '../../kit/dns-server.js';
import { RunningProcess } from '../../kit/process.js';
import { freePorts, type RunningUpki, runUpki, startUpki, UPKI } from '../../kit/upki.js';

/** A running uPKI with the administrator alice and the auditor ann, whose files are in its data folder. */
export interface World {
  /** The port on which validation expects a stranger's web server. */
  challengePort: number;
  upki: RunningUpki;
  /** Scheme, host and port of the listener for visitors. */
  visitors: string;
  /** The root's fingerprint, in pairs of digits with colons. */
  fingerprint: string;
  /** Runs the command that enrols a node, in a separate folder. */
  enrol(line: string): Promise<void>;
  /** The status of the node's certificate by OCSP. */
  ocsp(): Promise<string>;
  /** Runs `upki` and returns its output. */
  upkiCommand(...args: string[]): Promise<string>;
  /** Runs `upki console` with an administrator's files and returns the printed link. */
  console(who: string): Promise<string>;
  close(): Promise<void>;
}

/** Milliseconds until `upki console` must print its link. */
const CONSOLE_LIMIT = 60_000;
/** A name that resolves to the listener on the challenge port. */
export const STRANGER = 'stranger.example.test';

export async function prepareWorld(): Promise<World> {
  const [visitors = 0, challengePort = 0] = await freePorts(2);
  const dns = await startDns({ [`A ${STRANGER}`]: { records: [{ a: '127.0.0.1' }] } });
  const upki = await startUpki({
    env: {
      UPKI_RA_CN: 'localhost',
      UPKI_RA_PAGES_PORT: String(visitors),
      UPKI_VA_RESOLVERS: `${dns.host}:${dns.port}`,
      UPKI_VA_HTTP_PORT: String(challengePort),
    },
  });
  const undo: (() => unknown)[] = [];
  const cwd = upki.dataDir;
  const upkiCommand = (...args: string[]) => runUpki(args, { cwd, env: { HOME: cwd, UPKI_DATA_DIR: cwd } });
  await writeFile(join(cwd, 'passphrase'), 'of-the-judge');
  for (const args of [
    ['alice', '--passphrase-file', join(cwd, 'passphrase')],
    ['ann', '--role', 'auditor'],
  ]) {
    await upkiCommand('admin', 'add', ...args);
  }
  return {
    upki,
    upkiCommand,
    challengePort,
    visitors: `https://localhost:${visitors}`,
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
      for (const each of undo.reverse()) await each();
      await upki.stop();
      await dns.close();
    },
  };
}

async function consoleLink(
  upki: RunningUpki,
  who: string,
  onEnd: (end: () => unknown) => void,
): Promise<string> {
  const args = ['console', join(upki.dataDir, who), '--url', upki.baseUrl];
  const running = new RunningProcess(process.execPath, [UPKI, ...args], { name: 'upki console' });
  onEnd(() => running.stop());
  const [link] = await running.whenLine(CONSOLE_LIMIT, /http:\/\/\S+/);
  return link;
}
